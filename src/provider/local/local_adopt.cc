// SPDX-License-Identifier: Apache-2.0
//
// What an earlier engine has left: sandboxes that live on, ends that nobody has heard of, remains.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/socket.h"
#include "provider/local/local_sandboxes.h"

namespace warren::provider {
namespace {

// Init answers at once unless it is still building its sandbox or the host is very busy. A later
// answer is the watcher's.
constexpr int kAnswerMs = 5'000;

constexpr plan::MessageHead kAttach{.version = plan::kProtocolVersion,
                                    .type = plan::MessageType::kAttach,
                                    .bytes = sizeof(plan::MessageHead)};

// Init's answer to kAttach: a descriptor of itself, an invalid one while it owes the answer.
// Nothing when it has ended meanwhile.
std::optional<os::UniqueFd> receive_pidfd(int control) {
  pollfd answer{.fd = control, .events = POLLIN, .revents = 0};
  const auto ready = os::call_for<int>([&] { return ::poll(&answer, 1, kAnswerMs); });
  if (!ready) return std::nullopt;
  if (*ready == 0) return os::UniqueFd();
  plan::StateEvent state{};
  auto received = os::receive_message(control, std::as_writable_bytes(std::span(&state, 1)));
  if (!received || received->bytes != sizeof state || received->descriptors != 1 ||
      state.head.type != plan::MessageType::kState) {
    return std::nullopt;
  }
  return std::move(received->fds[0]);
}

std::string_view leaf_of(std::string_view group) {
  return group.substr(group.find_last_of('/') + 1);
}

// The name of a sandbox's cgroup, which tells what encloses it; its id alone where there is none.
cgroup::GroupName group_among(const std::vector<cgroup::GroupName>& groups, const NodeId& sandbox) {
  const std::string id = sandbox.to_text();
  for (const cgroup::GroupName& group : groups) {
    if (leaf_of(group) == id) return group;
  }
  return id;
}

}  // namespace

void LocalSandboxes::adopt(std::vector<Adoption> sandboxes, Sweep sweep,
                           Done<std::vector<Adoption>> done) {
  cleaner_->post([this, sandboxes = std::move(sandboxes), sweep, done = std::move(done)]() mutable {
    const auto groups = parts_.cgroups->list().value_or(std::vector<cgroup::GroupName>());
    for (Adoption& adoption : sandboxes) adopt_one(adoption, groups);
    const auto remains = unclaimed(sandboxes, groups);
    if (sweep == Sweep::kYes) {
      remove_all(remains);
    } else {
      for (const auto& [id, group] : remains) spdlog::warn("nobody claims {}: left", id.to_text());
    }
    done(std::move(sandboxes));
  });
}

void LocalSandboxes::adopt_one(Adoption& adoption, const std::vector<cgroup::GroupName>& groups) {
  const SandboxPtr sandbox =
      add(adoption.sandbox, adoption.process, group_among(groups, adoption.sandbox));
  reserve_again(adoption.sandbox, adoption.footprint);
  sandbox->has_layer = true;
  sandbox->disk_limit = adoption.disk_limit;
  adoption.running = attach(sandbox);
  // Only now: one that was still being built or about to end has recorded it by now.
  const auto records = parts_.logs.records(adoption.process);
  for (const plan::Record& record : records.value_or(std::vector<plan::Record>())) {
    adoption.started = true;
    if (record.type == plan::RecordType::kStarted) {
      adoption.started_at =
          Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(record.at)));
    }
  }
  if (adoption.running) {
    adoption.started = true;
    return;
  }
  if (adoption.started) {
    report_from_records(*sandbox);
  } else {
    // Nothing of it ever ran: what was prepared goes, and the engine begins anew.
    const auto removed = remove_everything(*sandbox);
    if (!removed) spdlog::warn("removing {}: {}", sandbox->id.to_text(), removed.error().message);
    reserve_again(adoption.sandbox, adoption.footprint);
  }
}

bool LocalSandboxes::attach(const SandboxPtr& sandbox) {
  auto control = parts_.sockets.connect(sandbox->id);
  if (!control) return false;
  const auto bytes = std::as_bytes(std::span(&kAttach, 1));
  if (!os::send_message(control->get(), bytes, {})) return false;
  auto pidfd = receive_pidfd(control->get());
  if (!pidfd) return false;
  sandbox->init.pidfd = *std::move(pidfd);
  sandbox->control = *std::move(control);
  std::ignore = os::set_nonblocking(sandbox->control.get());
  // What follows, the pipes of the command and before them an answer that is late, is the
  // watcher's.
  const auto watched = watcher_->watch(sandbox->control.get(), sandbox->number);
  sandbox->is_watched = watched.has_value();
  if (!watched) spdlog::error("adopting {}: {}", sandbox->id.to_text(), watched.error().message);
  return watched.has_value();
}

std::map<NodeId, cgroup::GroupName> LocalSandboxes::unclaimed(
    const std::vector<Adoption>& claimed, const std::vector<cgroup::GroupName>& groups) {
  std::map<NodeId, cgroup::GroupName> found;
  for (const NodeId& id : parts_.sockets.list()) found.emplace(id, id.to_text());
  for (const NodeId& id : parts_.pool->list().value_or(std::vector<NodeId>())) {
    found.emplace(id, id.to_text());
  }
  for (const cgroup::GroupName& group : groups) {
    if (const auto id = NodeId::parse(leaf_of(group))) found.insert_or_assign(*id, group);
  }
  for (const Adoption& adoption : claimed) found.erase(adoption.sandbox);
  return found;
}

void LocalSandboxes::remove_all(const std::map<NodeId, cgroup::GroupName>& unordered) {
  std::vector<std::pair<NodeId, cgroup::GroupName>> remains(unordered.begin(), unordered.end());
  // A cgroup can be removed once there is none below it.
  std::ranges::stable_sort(remains, std::ranges::greater(), [](const auto& remain) {
    return std::ranges::count(remain.second, '/');
  });
  for (const auto& [id, group] : remains) {
    const SandboxPtr sandbox = add(id, NodeId(), group);
    sandbox->has_ended = true;  // Nobody waits for it.
    std::ignore = attach(sandbox);
    const auto removed = remove_everything(*sandbox);
    if (!removed) spdlog::warn("removing {}: {}", id.to_text(), removed.error().message);
  }
}

}  // namespace warren::provider
