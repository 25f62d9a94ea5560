// SPDX-License-Identifier: Apache-2.0

#include "cgroup/tracked_tree.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <vector>

#include "cgroup/group_name.h"
#include "cgroup/signals.h"

namespace warren::cgroup {
namespace {

constexpr std::chrono::milliseconds kSignalPatience{2000};

struct Demand {
  std::string_view capability;
  bool asked;
};

// The kernel would say so too, once the job is being started.
Result<> check_cores(const std::vector<std::uint32_t>& cores) {
  const long count = ::sysconf(_SC_NPROCESSORS_CONF);
  if (cores.empty() || count <= 0 || cores.back() < static_cast<std::uint64_t>(count)) return {};
  return fail(Errc::kFailedPrecondition,
              "this host cannot enforce limit.cores: it has no core {}, but those from 0 to {}",
              cores.back(), count - 1);
}

}  // namespace

Result<> TrackedTree::check(const model::Limits& limits) const {
  const std::array<Demand, 6> demands{
      Demand{"limit.cpu", limits.cpu_percent.has_value()},
      Demand{"limit.cores", !limits.cores.cores.empty()},
      Demand{"limit.memory", limits.memory.has_value()},
      Demand{"limit.swap", limits.swap.has_value()},
      Demand{"limit.pids", limits.pids.has_value()},
      Demand{"limit.io", model::io_bandwidth(limits).has_value()},
  };
  for (const Demand& demand : demands) {
    if (!demand.asked) continue;
    const auto found = std::ranges::find(capabilities_, demand.capability, &Capability::name);
    if (found != capabilities_.end() && found->available) continue;
    return fail(Errc::kFailedPrecondition, "this host cannot enforce {}: {}", demand.capability,
                found == capabilities_.end() ? "unknown" : found->detail);
  }
  return check_cores(limits.cores.cores);
}

void TrackedTree::add_capabilities(std::vector<Capability> capabilities) {
  std::ranges::move(capabilities, std::back_inserter(capabilities_));
}

void TrackedTree::probe_control() {
  if (const auto init = tracking_.engine().open_child(kInitLeaf)) {
    add_capabilities(control_->capabilities(*init));
  }
}

Result<> TrackedTree::set_note(const GroupName& name, std::string_view note) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return group.set_note(note);
}

Result<std::string> TrackedTree::note(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return group.note();
}

Result<> TrackedTree::freeze(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return control_->freeze(group);
}

Result<> TrackedTree::thaw(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return control_->thaw(group);
}

Result<> TrackedTree::signal(const GroupName& name, int signal) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return signal_members(group, signal, kSignalPatience);
}

Result<> TrackedTree::kill(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return control_->kill(group);
}

Result<bool> TrackedTree::is_populated(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return control_->is_populated(group);
}

Result<std::string> TrackedTree::path(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return group.path();
}

Result<std::vector<pid_t>> TrackedTree::members(const GroupName& name) {
  const auto group = WARREN_TRY(tracking_.group(name));
  return group.members();
}

Result<> TrackedTree::await_removable(const GroupDirectory& group) const {
  const auto children = WARREN_TRY(group.children());
  if (std::ranges::any_of(children, [](const std::string& name) { return name != kMainLeaf; })) {
    return fail(Errc::kFailedPrecondition, "the cgroup {} has groups below it", group.path());
  }
  const bool populated = WARREN_TRY(control_->is_populated(group));
  if (!populated) return {};
  control_->await_end(group);
  const bool still_populated = WARREN_TRY(control_->is_populated(group));
  if (!still_populated) return {};
  return fail(Errc::kFailedPrecondition, "the cgroup {} has processes", group.path());
}

void TrackedTree::await_last_init() const {
  if (const auto init = tracking_.engine().open_child(kInitLeaf)) control_->await_end(*init);
}

Result<Entry> unified_entry(GroupDirectory group) {
  Entry entry;
  entry.unified_procs = WARREN_TRY(group.open_file("cgroup.procs", O_WRONLY));
  entry.unified = std::move(group).release();
  return entry;
}

Result<> open_passage(const GroupDirectory& engine) {
  // cgroup-v2.rst, "Delegation Containment": moving needs write access to cgroup.procs of the
  // destination and of the common ancestor, which is this directory for all sandboxes. Only the
  // descriptor of a group leads here, since nobody but root can search these directories.
  constexpr mode_t kWritableByOthers = 0602;
  return engine.set_file_mode("cgroup.procs", kWritableByOthers);
}

}  // namespace warren::cgroup
