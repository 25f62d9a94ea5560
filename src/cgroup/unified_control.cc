// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "cgroup/process_control.h"
#include "cgroup/signals.h"
#include "cgroup/values.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::cgroup {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

os::KernelResult<std::string> read_from_start(int file) {
  std::array<char, 256> text;
  const std::size_t count = WARREN_TRY(
      os::call_for<std::size_t>([&] { return ::pread(file, text.data(), text.size(), 0); }));
  return std::string(text.data(), count);
}

// Waits until cgroup.events says "key value"; false when `patience` runs out first. The kernel
// raises POLLPRI on each change after the last read.
Result<bool> await_event(const GroupDirectory& group, std::string_view key, std::uint64_t value,
                         milliseconds patience) {
  const auto file = WARREN_TRY(group.open_file("cgroup.events", O_RDONLY));
  const auto deadline = steady_clock::now() + patience;
  for (;;) {
    const std::string text = WARREN_TRY(
        os::context(read_from_start(file.get()), "reading {}/cgroup.events", group.path()));
    if (find_number(text, key) == value) return true;
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds::zero()) return false;
    pollfd event{.fd = file.get(), .events = POLLPRI, .revents = 0};
    WARREN_TRY(
        os::context(os::call([&] { return ::poll(&event, 1, static_cast<int>(left.count())); }),
                    "waiting for {}/cgroup.events", group.path()));
  }
}

}  // namespace

std::vector<Capability> UnifiedControl::capabilities(const GroupDirectory& group) const {
  const bool freeze = group.has("cgroup.freeze");
  const bool kill = group.has("cgroup.kill");
  return {{.name = "kill",
           .available = kill || freeze,
           .detail = kill     ? "cgroup.kill"
                     : freeze ? "cgroup.freeze and signals in a loop"
                              : "needs cgroup.kill (Linux 5.14) or cgroup.freeze (Linux 5.2)"},
          {.name = "freeze",
           .available = freeze,
           .detail = freeze ? "cgroup.freeze" : "needs cgroup.freeze (Linux 5.2)"}};
}

Result<> UnifiedControl::freeze(const GroupDirectory& group) const {
  if (auto written = group.write("cgroup.freeze", "1"); !written) return written;
  const auto frozen = await_event(group, "frozen", 1, kFreezePatience);
  if (frozen && *frozen) return {};
  std::ignore = thaw(group);  // The failure to report is that it did not freeze.
  if (!frozen) return std::unexpected(frozen.error());
  return fail(Errc::kUnavailable, "the processes of {} did not freeze within {} ms", group.path(),
              kFreezePatience.count());
}

Result<> UnifiedControl::thaw(const GroupDirectory& group) const {
  return group.write("cgroup.freeze", "0");
}

Result<> UnifiedControl::kill(const GroupDirectory& group) const {
  // Since Linux 5.14. It kills frozen processes and catches ones that are being forked.
  auto killed = group.write("cgroup.kill", "1");
  if (killed || killed.error().code != Errc::kNotFound) return killed;
  // Frozen, the group cannot fork ahead of the signals; SIGKILL ends frozen processes as well.
  if (auto written = group.write("cgroup.freeze", "1"); !written) return written;
  auto signaled = signal_members(group, SIGKILL, kEndPatience);
  auto thawed = thaw(group);
  return signaled ? thawed : signaled;
}

Result<bool> UnifiedControl::is_populated(const GroupDirectory& group) const {
  const std::string events = WARREN_TRY(group.read("cgroup.events"));
  return find_number(events, "populated") != 0;
}

void UnifiedControl::await_end(const GroupDirectory& group) const {
  std::ignore = await_event(group, "populated", 0, kEndPatience);  // The caller finds out itself.
}

}  // namespace warren::cgroup
