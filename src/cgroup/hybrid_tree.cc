// SPDX-License-Identifier: Apache-2.0

#include "cgroup/hybrid_tree.h"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "cgroup/block_device.h"
#include "cgroup/group_name.h"
#include "cgroup/legacy_capabilities.h"
#include "cgroup/legacy_group.h"
#include "cgroup/text.h"
#include "cgroup/values.h"

namespace warren::cgroup {
namespace {

std::vector<std::string_view> limiting_controllers(bool has_unified) {
  std::vector<std::string_view> names{"memory", "cpu", "pids", "cpuset", "blkio"};
  // The unified hierarchy counts processor time without a controller.
  if (!has_unified) names.emplace_back("cpuacct");
  return names;
}

Result<std::vector<Branch>> open_limiting(const Layout& layout, const std::string& engine_name) {
  std::vector<Branch> branches;
  std::vector<const Hierarchy*> opened;  // cpu and cpuacct are often one hierarchy.
  for (const std::string_view name : limiting_controllers(layout.unified.has_value())) {
    const Hierarchy* const hierarchy = layout.legacy_with(name);
    if (hierarchy == nullptr || std::ranges::find(opened, hierarchy) != opened.end()) continue;
    opened.push_back(hierarchy);
    auto branch = WARREN_TRY(Branch::open(*hierarchy, engine_name));
    if (branch.has_controller("cpuset"))
      WARREN_TRY(inherit_cpuset(branch.parent(), branch.engine()));
    branches.push_back(std::move(branch));
  }
  return branches;
}

std::string below(const GroupName& name, std::string_view file) {
  return fmt::format("{}/{}", name, file);
}

// The group's own file of entry, or that of the next group around it where it has no directory in
// that hierarchy: what limits that one must hold for it. Nothing where none has one.
Result<os::UniqueFd> open_tasks(const Branch& branch, GroupName name) {
  for (; !name.empty(); name = GroupName(split_name(name).parent)) {
    auto tasks = branch.engine().open_file(below(name, "tasks").c_str(), O_WRONLY);
    if (tasks || tasks.error().code != Errc::kNotFound) return tasks;
  }
  return os::UniqueFd();
}

}  // namespace

HybridTree::HybridTree(Branch tracking, Tracking kind, std::vector<Branch> limiting)
    : TrackedTree(std::move(tracking),
                  kind == Tracking::kUnified
                      ? std::unique_ptr<ProcessControl>(std::make_unique<UnifiedControl>())
                      : std::make_unique<FreezerControl>()),
      kind_(kind),
      limiting_(std::move(limiting)) {}

Result<std::unique_ptr<Tree>> HybridTree::open(const Layout& layout,
                                               const std::string& engine_name) {
  const Hierarchy* const tracking =
      layout.unified ? &*layout.unified : layout.legacy_with("freezer");
  if (tracking == nullptr) {
    return fail(Errc::kFailedPrecondition,
                "neither a unified cgroup hierarchy nor the version 1 freezer is mounted; mount "
                "one: mount -t cgroup2 none /sys/fs/cgroup/unified");
  }
  auto tracker = WARREN_TRY(Branch::open(*tracking, engine_name));
  WARREN_TRY(tracker.engine().ensure_child(kInitLeaf));
  if (layout.unified) WARREN_TRY(open_passage(tracker.engine()));
  auto limiting = WARREN_TRY(open_limiting(layout, engine_name));
  const Tracking kind = layout.unified ? Tracking::kUnified : Tracking::kFreezer;
  std::unique_ptr<HybridTree> tree(new HybridTree(std::move(tracker), kind, std::move(limiting)));
  if (const Branch* const memory = find_branch(tree->limiting_, "memory")) {
    tree->ceiling_ = WARREN_TRY(MemoryCeiling::open(*memory, MemoryCeiling::Version::kLegacy));
  }
  tree->add_capabilities(legacy_capabilities(tree->limiting_));
  tree->probe_control();
  return tree;
}

Result<> HybridTree::check(const model::Limits& limits) const {
  if (auto checked = TrackedTree::check(limits); !checked) return checked;
  if (model::io_bandwidth(limits) && !limits.io_direct_only) {
    return fail(Errc::kFailedPrecondition,
                "this host cannot enforce limit.io for buffered writes: its blkio controller is of "
                "cgroup version 1; boot with the unified hierarchy");
  }
  if (limits.swap && !limits.memory) {
    return fail(
        Errc::kFailedPrecondition,
        "this host cannot enforce limit.swap alone: cgroup version 1 limits memory and swap "
        "together; give --max-memory as well");
  }
  return {};
}

Result<> HybridTree::create(const GroupName& name, const model::Limits& limits,
                            const std::string& device) {
  WARREN_TRY(validate_group_name(name));
  WARREN_TRY(check(limits));
  std::string disk;
  if (model::io_bandwidth(limits)) disk = WARREN_TRY(resolve_disk(device));
  // First, and removed last: whatever is left by a crash in between, list() shows it.
  WARREN_TRY(tracking().engine().make_child(name));
  auto created = create_limited(name, limits, disk);
  if (!created) std::ignore = remove(name);  // The failure to report is the first.
  return created;
}

Result<> HybridTree::create_limited(const GroupName& name, const model::Limits& limits,
                                    const std::string& disk) const {
  for (const Branch& branch : limiting_) {
    if (!needs_group(branch, limits)) continue;
    for (const std::string_view ancestor : ancestors_of(name)) {
      WARREN_TRY(ensure_legacy_group(branch, std::string(ancestor)));
    }
    WARREN_TRY(make_legacy_group(branch, name));
    WARREN_TRY(limit_legacy_group(branch, name, {.limits = limits, .disk = disk}));
  }
  return {};
}

Result<Entry> HybridTree::entry(const GroupName& name) {
  auto group = WARREN_TRY(tracking().group(name));
  Entry entry;
  if (kind_ == Tracking::kUnified) {
    entry = WARREN_TRY(unified_entry(std::move(group)));
  } else {
    auto tasks = WARREN_TRY(group.open_file("tasks", O_WRONLY));
    entry.tasks.push_back(std::move(tasks));
  }
  for (const Branch& branch : limiting_) {
    auto tasks = WARREN_TRY(open_tasks(branch, name));
    if (tasks) entry.tasks.push_back(std::move(tasks));
  }
  return entry;
}

Result<Entry> HybridTree::init_entry() {
  // Only here: in the hierarchies of limits the inits stay where the engine is.
  auto init = WARREN_TRY(tracking().engine().open_child(kInitLeaf));
  if (kind_ == Tracking::kUnified) return unified_entry(std::move(init));
  auto tasks = WARREN_TRY(init.open_file("tasks", O_WRONLY));
  Entry entry;
  entry.tasks.push_back(std::move(tasks));
  return entry;
}

Result<> HybridTree::allow_entry(const GroupName& name, std::uint32_t uid) {
  const auto group = WARREN_TRY(tracking().group(name));
  // A file `tasks` opened by root admits whoever holds it; version 1 asks for nothing more.
  if (kind_ == Tracking::kFreezer) return {};
  return group.give_file("cgroup.procs", uid);
}

Result<std::string> HybridTree::read_of(std::string_view controller, const GroupName& name,
                                        std::string_view file) const {
  const Branch* const branch = find_branch(limiting_, controller);
  if (branch == nullptr) return std::string();
  auto text = branch->engine().read(below(name, file).c_str());
  if (!text && text.error().code == Errc::kNotFound) return std::string();
  return text;
}

Result<std::uint64_t> HybridTree::cpu_usec(const GroupName& name) const {
  if (kind_ == Tracking::kUnified) {
    const std::string stat = WARREN_TRY(tracking().engine().read(below(name, "cpu.stat").c_str()));
    return find_number(stat, "usage_usec").value_or(0);
  }
  constexpr std::uint64_t kNanosecondsPerUsec = 1000;
  const std::string usage = WARREN_TRY(read_of("cpuacct", name, "cpuacct.usage"));
  return parse_number(usage).value_or(0) / kNanosecondsPerUsec;
}

Result<model::Usage> HybridTree::usage(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));  // None is an error, not an idle group.
  model::Usage usage;
  usage.cpu_usec = WARREN_TRY(cpu_usec(name));
  const auto number = [&](std::string_view controller,
                          std::string_view file) -> Result<std::uint64_t> {
    const std::string text = WARREN_TRY(read_of(controller, name, file));
    return parse_number(text).value_or(0);
  };
  usage.memory.value = WARREN_TRY(number("memory", "memory.usage_in_bytes"));
  usage.memory_peak.value = WARREN_TRY(number("memory", "memory.max_usage_in_bytes"));
  usage.pids = WARREN_TRY(number("pids", "pids.current"));
  const std::string cpu = WARREN_TRY(read_of("cpu", name, "cpu.stat"));
  usage.throttled_usec = find_number(cpu, "throttled_time").value_or(0) / 1000;  // Nanoseconds.
  const std::string throttle =
      WARREN_TRY(read_of("blkio", name, "blkio.throttle.io_service_bytes_recursive"));
  const IoBytes io = parse_throttle_bytes(throttle);
  usage.io_read = io.read;
  usage.io_write = io.write;
  return usage;
}

Result<Events> HybridTree::events(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));
  const std::string oom = WARREN_TRY(read_of("memory", name, "memory.oom_control"));
  return Events{.oom_kills = find_number(oom, "oom_kill").value_or(0)};
}

Result<MemoryBounds> HybridTree::memory_bounds(const GroupName& name) {
  if (!ceiling_) return MemoryBounds{};
  return ceiling_->of(*find_branch(limiting_, "memory"), name);
}

Result<os::UniqueFd> HybridTree::kill_file(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));
  if (kind_ == Tracking::kUnified && group.has("cgroup.kill")) {
    return group.open_file("cgroup.kill", O_WRONLY);
  }
  return fail(Errc::kFailedPrecondition, "this host has no cgroup.kill (Linux 5.14, unified)");
}

Result<> HybridTree::remove(const GroupName& name) {
  WARREN_TRY(validate_group_name(name));
  const auto group = tracking().engine().open_child(name);
  if (!group && group.error().code != Errc::kNotFound) return std::unexpected(group.error());
  if (group) WARREN_TRY(await_removable(*group));
  if (auto removed = remove_limited(name); !removed) return removed;
  return tracking().engine().remove_child(name);
}

Result<> HybridTree::remove_limited(const GroupName& name) const {
  for (const Branch& branch : limiting_) {
    if (auto removed = branch.engine().remove_child(name); !removed) return removed;
  }
  return {};
}

Result<std::vector<GroupName>> HybridTree::list() {
  std::set<GroupName> names;
  const auto collect = [&](const Branch& branch) -> Result<> {
    auto groups = WARREN_TRY(branch.groups());
    names.insert(std::move_iterator(groups.begin()), std::move_iterator(groups.end()));
    return {};
  };
  WARREN_TRY(collect(tracking()));
  for (const Branch& branch : limiting_) WARREN_TRY(collect(branch));
  return std::vector<GroupName>(names.begin(), names.end());
}

Result<> HybridTree::close() {
  for (const Branch& branch : limiting_) {
    if (auto removed = branch.remove(); !removed) return removed;
  }
  await_last_init();
  return tracking().remove();
}

}  // namespace warren::cgroup
