// SPDX-License-Identifier: Apache-2.0

#include <csignal>
#include <thread>

#include "cgroup/process_control.h"
#include "cgroup/signals.h"

namespace warren::cgroup {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPause{1};

// Asks again every millisecond until `reached()` or the end of `patience`.
template <typename Condition>
Result<bool> await(Condition reached, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  for (;;) {
    const bool done = WARREN_TRY(reached());
    if (done) return true;
    if (steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
}

// Reading the state is what makes the kernel turn FREEZING into FROZEN.
Result<bool> is_frozen(const GroupDirectory& group) {
  const std::string state = WARREN_TRY(group.read("freezer.state"));
  return state.starts_with("FROZEN");
}

// A group frozen by itself stays frozen when the one above it is thawed.
Result<> thaw_all(const GroupDirectory& group) {
  const auto children = WARREN_TRY(group.children());
  for (const std::string& name : children) {
    const auto child = group.open_child(name);
    if (!child) continue;  // It was removed meanwhile.
    if (auto thawed = thaw_all(*child); !thawed) return thawed;
  }
  return group.write("freezer.state", "THAWED");
}

}  // namespace

std::vector<Capability> FreezerControl::capabilities(const GroupDirectory& /*group*/) const {
  return {{.name = "kill", .available = true, .detail = "version 1 freezer and signals in a loop"},
          {.name = "freeze", .available = true, .detail = "version 1 freezer"}};
}

Result<> FreezerControl::freeze(const GroupDirectory& group) const {
  if (auto written = group.write("freezer.state", "FROZEN"); !written) return written;
  const auto frozen = await([&] { return is_frozen(group); }, kFreezePatience);
  if (frozen && *frozen) return {};
  std::ignore = thaw(group);  // The failure to report is that it did not freeze.
  if (!frozen) return std::unexpected(frozen.error());
  return fail(Errc::kUnavailable, "the processes of {} did not freeze within {} ms", group.path(),
              kFreezePatience.count());
}

Result<> FreezerControl::thaw(const GroupDirectory& group) const {
  return group.write("freezer.state", "THAWED");
}

Result<> FreezerControl::kill(const GroupDirectory& group) const {
  // Whether all have stopped or some could not: whoever is forked now is born frozen, so the
  // passes below come to an end.
  if (auto written = group.write("freezer.state", "FROZEN"); !written) return written;
  auto signaled = signal_members(group, SIGKILL, kEndPatience);
  auto thawed = thaw_all(group);  // A frozen process of this hierarchy dies only when thawed.
  return signaled ? thawed : signaled;
}

Result<bool> FreezerControl::is_populated(const GroupDirectory& group) const {
  const auto members = WARREN_TRY(group.members());
  return !members.empty();
}

void FreezerControl::await_end(const GroupDirectory& group) const {
  const auto is_empty = [&]() -> Result<bool> {
    const bool populated = WARREN_TRY(is_populated(group));
    return !populated;
  };
  std::ignore = await(is_empty, kEndPatience);  // The caller finds out itself.
}

}  // namespace warren::cgroup
