// SPDX-License-Identifier: Apache-2.0

#include "cgroup/delegation.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "cgroup/group_name.h"
#include "cgroup/text.h"
#include "os/context.h"
#include "os/text_file.h"

namespace warren::cgroup {
namespace {

constexpr std::array<std::string_view, 5> kControllers{"cpu", "memory", "pids", "io", "cpuset"};

// A group whose processes fork while they are moved empties after a few rounds: whoever has moved
// forks into the new leaf.
constexpr int kRounds = 1000;

// A process that is ending stays listed but does not move: after some rounds it is given a turn.
constexpr int kEagerRounds = 10;
constexpr std::chrono::milliseconds kPause{1};

Result<std::vector<std::string>> read_list(const GroupDirectory& group, const char* file) {
  std::string text = WARREN_TRY(group.read(file));
  std::ranges::replace(text, '\n', ' ');
  const auto words = split(text, ' ');
  return std::vector<std::string>(words.begin(), words.end());
}

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

// Only the root of the hierarchy may hold processes and hand controllers down. Elsewhere the kernel
// refuses the domain controllers, but it accepts cpu, pids and cpuset: that makes the group the
// root of a threaded subtree, in which no group below it can be entered (cgroup-v2.rst, "Threads").
Result<bool> is_crowded(const GroupDirectory& group) {
  if (!group.has("cgroup.type")) return false;  // The root alone has none.
  const auto members = WARREN_TRY(group.own_members());
  return !members.empty();
}

// Empty when the controller was handed down.
std::string hand_down(const GroupDirectory& group, std::string_view controller) {
  const auto written =
      os::write_text(group.fd(), "cgroup.subtree_control", fmt::format("+{}", controller));
  if (written) return {};
  return fmt::format("{} cannot hand the {} controller down: {}", group.path(), controller,
                     os::message(written.error()));
}

Result<> move_members(const GroupDirectory& from, const GroupDirectory& to) {
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<pid_t> pids = WARREN_TRY(from.own_members());
    if (pids.empty()) return {};
    for (const pid_t pid : pids) {
      const auto moved = os::write_text(to.fd(), "cgroup.procs", std::to_string(pid));
      if (moved || moved.error() == os::Errno{ESRCH}) continue;  // It has ended meanwhile.
      return os::context(moved, "moving process {} to {}", pid, to.path());
    }
    if (round >= kEagerRounds) std::this_thread::sleep_for(kPause);
  }
  return fail(Errc::kUnavailable, "the processes of {} fork faster than they can be moved",
              from.path());
}

}  // namespace

Result<Refusals> delegate_controllers(const GroupDirectory& group) {
  const auto available = WARREN_TRY(read_list(group, "cgroup.controllers"));
  const auto enabled = WARREN_TRY(read_list(group, "cgroup.subtree_control"));
  const bool crowded = WARREN_TRY(is_crowded(group));
  Refusals refusals;
  for (const std::string_view name : kControllers) {
    if (contains(enabled, name)) continue;
    std::string reason;
    if (!contains(available, name)) {
      reason = fmt::format(
          "{} is not given the {} controller: enable it in cgroup.subtree_control "
          "of the cgroups above",
          group.path(), name);
    } else if (crowded) {
      reason = fmt::format(
          "{} holds processes itself, so it cannot hand controllers down: start "
          "the engine in a leaf of its own, or name another parent with "
          "cgroup_root in warren.yaml",
          group.path());
    } else {
      reason = hand_down(group, name);
    }
    if (!reason.empty()) refusals.emplace(name, std::move(reason));
  }
  return refusals;
}

Result<> make_inner(const GroupDirectory& group) {
  if (auto made = group.ensure_child(kMainLeaf); !made) return made;
  const auto leaf = WARREN_TRY(group.open_child(kMainLeaf));
  // Whoever was allowed to enter the group is now allowed to enter its leaf.
  const uid_t owner = WARREN_TRY(group.file_owner("cgroup.procs"));
  WARREN_TRY(leaf.give_file("cgroup.procs", owner));
  const auto available = WARREN_TRY(read_list(group, "cgroup.controllers"));
  for (int round = 0; round < kRounds; ++round) {
    WARREN_TRY(move_members(group, leaf));
    std::string demand;
    for (const std::string& name : available) {
      if (std::ranges::find(kControllers, name) != kControllers.end()) demand += " +" + name;
    }
    if (demand.empty()) return {};
    const auto written = os::write_text(group.fd(), "cgroup.subtree_control", demand.substr(1));
    // A process has entered since the last look.
    if (written || written.error() != os::Errno{EBUSY}) {
      return os::context(written, "handing controllers down from {}", group.path());
    }
  }
  return fail(Errc::kUnavailable, "processes keep entering {}", group.path());
}

}  // namespace warren::cgroup
