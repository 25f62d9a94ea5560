// SPDX-License-Identifier: Apache-2.0
//
// What an earlier engine has left: sandboxes that live on, ends that nobody has heard of, remains.

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/socket.h"
#include "os/text_file.h"
#include "provider/local/footprint.h"
#include "provider/local/local_sandboxes.h"

namespace warren::provider {
namespace {

using Clock = std::chrono::steady_clock;

// Init answers at once unless it is still building its sandbox or the host is very busy. A later
// answer is the watcher's.
constexpr std::chrono::seconds kPatience{5};

constexpr plan::MessageHead kAttach{.version = plan::kProtocolVersion,
                                    .type = plan::MessageType::kAttach,
                                    .bytes = sizeof(plan::MessageHead)};

struct Answer {
  os::UniqueFd pidfd;  // Of init; an invalid one while it owes the answer.
  std::uint16_t version = plan::kProtocolVersion;
};

// Init's answer to kAttach. Nothing when it has ended meanwhile.
std::optional<Answer> receive_answer(int control, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  const int timeout = static_cast<int>(std::max(left, decltype(left){0}));
  pollfd ready{.fd = control, .events = POLLIN, .revents = 0};
  const auto count = os::call_for<int>([&] { return ::poll(&ready, 1, timeout); });
  if (!count) return std::nullopt;
  if (*count == 0) return Answer();
  plan::StateEvent state{};
  auto received = os::receive_message(control, std::as_writable_bytes(std::span(&state, 1)));
  if (!received || received->bytes != sizeof state || received->descriptors != 1 ||
      state.head.type != plan::MessageType::kState) {
    return std::nullopt;
  }
  return Answer{.pidfd = std::move(received->fds[0]), .version = state.head.version};
}

std::string_view leaf_of(std::string_view group) {
  return group.substr(group.find_last_of('/') + 1);
}

// The name of a sandbox's cgroup, which tells what encloses it; its id alone where there is none.
cgroup::GroupName group_among(const std::vector<cgroup::GroupName>& groups, const NodeId& sandbox) {
  std::string id = sandbox.to_text();
  for (const cgroup::GroupName& group : groups) {
    if (leaf_of(group) == id) return group;
  }
  return id;
}

// What follows `name` in a file of procfs, up to the next blank.
std::optional<std::string> read_field(const std::string& path, std::string_view name) {
  const auto text = os::read_text(AT_FDCWD, path.c_str());
  const std::size_t found = text ? text->find(name) : std::string::npos;
  if (found == std::string::npos) return std::nullopt;
  const std::size_t start = found + name.size();
  return text->substr(start, text->find_first_of("\t\n", start) - start);
}

// The host's id of the user that a process runs as; for an init, the first of its sandbox's range.
std::optional<std::string> user_of(const os::UniqueFd& pidfd) {
  const auto pid = read_field(fmt::format("/proc/self/fdinfo/{}", pidfd.get()), "\nPid:\t");
  return pid ? read_field(fmt::format("/proc/{}/status", *pid), "\nUid:\t") : std::nullopt;
}

}  // namespace

void LocalSandboxes::adopt(std::vector<Adoption> sandboxes, Sweep sweep,
                           Done<std::vector<Adoption>> done) {
  cleaner_->post([this, sandboxes = std::move(sandboxes), sweep, done = std::move(done)]() mutable {
    const auto groups = parts_.cgroups->list().value_or(std::vector<cgroup::GroupName>());
    if (const auto adopted = adopt_all(sandboxes, groups); !adopted) {
      return done(std::unexpected(adopted.error()));
    }
    std::vector<SandboxPtr> remains = unclaimed(sandboxes, groups);
    if (sweep == Sweep::kYes) {
      remove_all(std::move(remains));
    } else {
      leave_all(remains);
    }
    done(std::move(sandboxes));
  });
}

Error foreign_init(const LiveSandbox& sandbox, std::uint16_t version) {
  return {
      Errc::kFailedPrecondition,
      fmt::format("the init of sandbox {} speaks version {} of its protocol, this engine {} to {}",
                  sandbox.id.to_text(), version, plan::kOldestVersion, plan::kProtocolVersion)};
}

Result<> LocalSandboxes::adopt_all(std::vector<Adoption>& sandboxes,
                                   const std::vector<cgroup::GroupName>& groups) {
  std::vector<SandboxPtr> added;
  for (const Adoption& adoption : sandboxes) added.push_back(add_again(adoption, groups));
  std::vector<Result<bool>> attached = attach(added);
  for (std::size_t index = 0; index < sandboxes.size(); ++index) {
    sandboxes[index].running = WARREN_TRY(std::move(attached[index]));
    settle(sandboxes[index], added[index]);
  }
  return {};
}

SandboxPtr LocalSandboxes::add_again(const Adoption& adoption,
                                     const std::vector<cgroup::GroupName>& groups) {
  const auto footprint = parse_footprint(adoption.footprint);
  const bool has_place = footprint && !footprint->group.empty();
  SandboxPtr sandbox = add(adoption.sandbox, adoption.process,
                           has_place ? footprint->group : group_among(groups, adoption.sandbox));
  reserve_again(adoption.sandbox, adoption.footprint);
  sandbox->has_layer = true;
  sandbox->disk_limit = adoption.disk_limit;
  sandbox->log_limit = adoption.log_limit.value_or(Bytes{});
  bind_again(*sandbox);
  return sandbox;
}

void LocalSandboxes::settle(Adoption& adoption, const SandboxPtr& sandbox) {
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
  } else if (adoption.started) {
    report_from_records(*sandbox);
  } else {
    // Nothing of it ever ran: what was prepared goes, and the engine begins anew.
    const auto removed = remove_everything(*sandbox);
    if (!removed) spdlog::warn("removing {}: {}", sandbox->id.to_text(), removed.error().message);
    reserve_again(adoption.sandbox, adoption.footprint);
  }
}

void LocalSandboxes::bind_again(LiveSandbox& sandbox) {
  const auto note = parts_.cgroups->note(sandbox.group);
  if (!note) return;  // It has no cgroup: nothing of it runs.
  const auto cores = model::parse_cores(note->substr(0, note->find(kOwner)), CPU_SETSIZE);
  if (cores) sandbox.cores = cores_.pick_again(cores->cores);
}

std::vector<Result<bool>> LocalSandboxes::attach(const std::vector<SandboxPtr>& sandboxes) {
  std::vector<os::UniqueFd> controls;
  for (const SandboxPtr& sandbox : sandboxes) controls.push_back(ask_for_state(sandbox->id));
  const Clock::time_point deadline = Clock::now() + kPatience;
  std::vector<Result<bool>> attached;
  for (std::size_t index = 0; index < sandboxes.size(); ++index) {
    attached.push_back(take_over(sandboxes[index], std::move(controls[index]), deadline));
  }
  return attached;
}

os::UniqueFd LocalSandboxes::ask_for_state(const NodeId& sandbox) {
  auto control = parts_.sockets.connect(sandbox);
  const auto bytes = std::as_bytes(std::span(&kAttach, 1));
  if (!control || !os::send_message(control->get(), bytes, {})) return {};
  return *std::move(control);
}

Result<bool> LocalSandboxes::take_over(const SandboxPtr& sandbox, os::UniqueFd control,
                                       Clock::time_point deadline) {
  if (!control) return false;
  auto answer = receive_answer(control.get(), deadline);
  if (!answer) return false;
  sandbox->init.pidfd = std::move(answer->pidfd);
  if (!plan::is_driven(answer->version)) {
    return std::unexpected(foreign_init(*sandbox, answer->version));
  }
  sandbox->control = std::move(control);
  std::ignore = os::set_nonblocking(sandbox->control.get());
  // What follows, the pipes of the command and before them an answer that is late, is the
  // watcher's.
  const auto watched = watcher_->watch(sandbox->control.get(), sandbox->number);
  sandbox->is_watched = watched.has_value();
  if (!watched) spdlog::error("adopting {}: {}", sandbox->id.to_text(), watched.error().message);
  return watched.has_value();
}

std::vector<SandboxPtr> LocalSandboxes::unclaimed(const std::vector<Adoption>& claimed,
                                                  const std::vector<cgroup::GroupName>& groups) {
  std::map<NodeId, cgroup::GroupName> found;
  for (const NodeId& id : parts_.sockets.list()) found.emplace(id, id.to_text());
  for (const NodeId& id : parts_.pool->list().value_or(std::vector<NodeId>())) {
    found.emplace(id, id.to_text());
  }
  std::set<cgroup::GroupName> places;
  for (const Adoption& adoption : claimed) {
    if (const auto footprint = parse_footprint(adoption.footprint)) places.insert(footprint->group);
  }
  for (const cgroup::GroupName& group : groups) {
    const auto id = places.contains(group) ? std::nullopt : owner_of(group);
    if (id) found.insert_or_assign(*id, group);
  }
  for (const Adoption& adoption : claimed) found.erase(adoption.sandbox);
  std::vector<SandboxPtr> sandboxes;
  for (const auto& [id, group] : found) {
    sandboxes.push_back(add(id, NodeId(), group));
    sandboxes.back()->has_ended = true;  // Nobody waits for it.
  }
  return sandboxes;
}

std::optional<NodeId> LocalSandboxes::owner_of(const cgroup::GroupName& group) {
  const std::string note = parts_.cgroups->note(group).value_or(std::string());
  const std::size_t end = note.find(kOwner);
  const auto id = NodeId::parse(end == std::string::npos ? leaf_of(group)
                                                         : std::string_view(note).substr(end + 1));
  return id ? std::optional(*id) : std::nullopt;
}

// They keep what they have: their ranges of ids are taken, and close() sees that sandboxes are
// left.
void LocalSandboxes::leave_all(const std::vector<SandboxPtr>& remains) {
  const std::vector<Result<bool>> attached = attach(remains);
  for (std::size_t index = 0; index < remains.size(); ++index) {
    const LiveSandbox& sandbox = *remains[index];
    const bool lives = attached[index].value_or(true);  // One that is foreign answers as well.
    if (const auto user = user_of(sandbox.init.pidfd)) reserve_again(sandbox.id, *user);
    spdlog::warn("nobody claims sandbox {}, {}: left as it is", sandbox.id.to_text(),
                 lives ? "which runs" : "of which nothing runs");
    ++unclaimed_;
  }
}

void LocalSandboxes::remove_all(std::vector<SandboxPtr> remains) {
  std::ignore = attach(remains);
  // A cgroup can be removed once there is none below it.
  std::ranges::stable_sort(remains, std::ranges::greater(), [](const SandboxPtr& remain) {
    return std::ranges::count(remain->group, '/');
  });
  for (const SandboxPtr& remain : remains) {
    const auto removed = remove_everything(*remain);
    if (!removed) {
      spdlog::warn("removing {}: {}", remain->id.to_text(), removed.error().message);
    }
  }
}

}  // namespace warren::provider
