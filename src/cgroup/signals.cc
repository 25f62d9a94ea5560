// SPDX-License-Identifier: Apache-2.0

#include "cgroup/signals.h"

#include <algorithm>
#include <span>
#include <unordered_set>
#include <vector>

#include "os/context.h"
#include "os/process.h"

namespace warren::cgroup {
namespace {

using std::chrono::steady_clock;

// Bounds the descriptors held at once.
constexpr std::size_t kBatch = 256;

struct Target {
  pid_t pid;
  os::UniqueFd process;
};

std::vector<Target> open_targets(std::span<const pid_t> pids) {
  std::vector<Target> targets;
  for (const pid_t pid : pids) {
    auto process = os::open_process(pid);
    if (process) targets.push_back({pid, *std::move(process)});  // Else it has ended.
  }
  return targets;
}

Result<> signal_batch(const GroupDirectory& group, std::span<const pid_t> pids, int signal) {
  const std::vector<Target> targets = open_targets(pids);
  // Only now is it known which processes the descriptors stand for: one whose id is still listed is
  // a member, or it has ended and the signal goes nowhere.
  std::vector<pid_t> members = WARREN_TRY(group.members());
  std::ranges::sort(members);
  for (const Target& target : targets) {
    if (!std::ranges::binary_search(members, target.pid)) continue;
    const auto sent = os::send_signal(target.process.get(), signal);
    if (sent || sent.error() == os::Errno{ESRCH}) continue;
    return os::context(sent, "sending signal {} to process {}", signal, target.pid);
  }
  return {};
}

}  // namespace

Result<> signal_members(const GroupDirectory& group, int signal,
                        std::chrono::milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  std::unordered_set<pid_t> reached;
  do {
    std::vector<pid_t> fresh;
    const auto members = WARREN_TRY(group.members());
    for (const pid_t pid : members) {
      if (reached.insert(pid).second) fresh.push_back(pid);
    }
    if (fresh.empty()) return {};
    for (std::span<const pid_t> rest(fresh); !rest.empty();) {
      const std::size_t count = std::min(rest.size(), kBatch);
      if (auto done = signal_batch(group, rest.first(count), signal); !done) return done;
      rest = rest.subspan(count);
    }
  } while (steady_clock::now() < deadline);
  return fail(Errc::kUnavailable, "the cgroup {} forks faster than it can be signaled",
              group.path());
}

}  // namespace warren::cgroup
