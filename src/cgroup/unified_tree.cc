// SPDX-License-Identifier: Apache-2.0

#include "cgroup/unified_tree.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "cgroup/block_device.h"
#include "cgroup/delegation.h"
#include "cgroup/group_name.h"
#include "cgroup/text.h"
#include "cgroup/values.h"

namespace warren::cgroup {
namespace {

// Empty where the kernel or the host has no such file.
Result<std::string> read_if_there(const GroupDirectory& group, const char* file) {
  auto text = group.read(file);
  if (!text && text.error().code == Errc::kNotFound) return std::string();
  return text;
}

// memory.events counts what happened below the group too, where a nested sandbox may have run out
// of memory by itself; memory.events.local (Linux 5.2) counts the processes of this very group.
Result<std::uint64_t> oom_kills_in(const GroupDirectory& group) {
  std::string text = WARREN_TRY(read_if_there(group, "memory.events.local"));
  if (text.empty()) text = WARREN_TRY(read_if_there(group, "memory.events"));
  return find_number(text, "oom_kill").value_or(0);
}

// What the files of a leaf say about the limits it can hold.
std::vector<Capability> limit_capabilities(const GroupDirectory& leaf, const Refusals& refusals) {
  struct Probe {
    const char* name;
    const char* controller;
    const char* file;
  };
  constexpr std::array kProbes{
      Probe{"limit.cpu", "cpu", "cpu.max"},
      Probe{"limit.cores", "cpuset", "cpuset.cpus"},
      Probe{"limit.memory", "memory", "memory.max"},
      Probe{"limit.swap", "memory", "memory.swap.max"},
      Probe{"limit.pids", "pids", "pids.max"},
      Probe{"limit.io", "io", "io.max"},
  };
  std::vector<Capability> capabilities;
  capabilities.reserve(kProbes.size());
  for (const Probe& probe : kProbes) {
    Capability capability{.name = probe.name, .available = leaf.has(probe.file), .detail = {}};
    const auto refusal = refusals.find(probe.controller);
    if (capability.available) {
      capability.detail = probe.file;
    } else if (refusal != refusals.end()) {
      capability.detail = refusal->second;
    } else {
      capability.detail = fmt::format("this kernel has no {}", probe.file);
    }
    capabilities.push_back(std::move(capability));
  }
  return capabilities;
}

}  // namespace

Result<std::unique_ptr<Tree>> UnifiedTree::open(const Layout& layout,
                                                const std::string& engine_name) {
  if (!layout.unified) {
    return fail(Errc::kFailedPrecondition, "no unified cgroup hierarchy is mounted");
  }
  auto branch = WARREN_TRY(Branch::open(*layout.unified, engine_name));
  Refusals refusals = WARREN_TRY(delegate_controllers(branch.parent()));
  // What the parent refused the engine's directory lacks: the parent's reason is the cause.
  Refusals own = WARREN_TRY(delegate_controllers(branch.engine()));
  refusals.merge(own);
  WARREN_TRY(branch.engine().ensure_child(kInitLeaf));
  WARREN_TRY(open_passage(branch.engine()));
  const auto init = WARREN_TRY(branch.engine().open_child(kInitLeaf));
  const auto ceiling = WARREN_TRY(MemoryCeiling::open(branch, MemoryCeiling::Version::kUnified));
  std::unique_ptr<UnifiedTree> tree(new UnifiedTree(std::move(branch), ceiling));
  tree->add_capabilities(limit_capabilities(init, refusals));
  tree->probe_control();
  return tree;
}

Result<> UnifiedTree::create(const GroupName& name, const model::Limits& limits,
                             const std::string& device) {
  WARREN_TRY(validate_group_name(name));
  WARREN_TRY(check(limits));
  std::string disk;
  if (model::io_bandwidth(limits)) disk = WARREN_TRY(resolve_disk(device));
  if (const GroupName parent(split_name(name).parent); !parent.empty()) {
    const auto group = WARREN_TRY(tracking().group(parent));
    WARREN_TRY(make_inner(group));
  }
  WARREN_TRY(tracking().engine().make_child(name));
  auto limited = write_limits(name, limits, disk);
  // Nothing can be in it yet; the failure to report is the first.
  if (!limited) std::ignore = tracking().engine().remove_child(name);
  return limited;
}

Result<> UnifiedTree::write_limits(const GroupName& name, const model::Limits& limits,
                                   const std::string& disk) const {
  for (const FileValue& value : unified_values(limits, disk)) {
    const std::string file = fmt::format("{}/{}", name, value.file);
    auto written = tracking().engine().write(file.c_str(), value.text);
    if (written || (value.optional && written.error().code == Errc::kNotFound)) continue;
    return written;
  }
  return {};
}

Result<GroupDirectory> UnifiedTree::processes_of(const GroupName& name) const {
  auto group = WARREN_TRY(tracking().group(name));
  auto leaf = group.open_child(kMainLeaf);
  if (!leaf && leaf.error().code == Errc::kNotFound) return group;
  return leaf;
}

Result<Entry> UnifiedTree::entry(const GroupName& name) {
  auto group = WARREN_TRY(processes_of(name));
  return unified_entry(std::move(group));
}

Result<Entry> UnifiedTree::init_entry() {
  auto init = WARREN_TRY(tracking().engine().open_child(kInitLeaf));
  return unified_entry(std::move(init));
}

Result<> UnifiedTree::allow_entry(const GroupName& name, std::uint32_t uid) {
  const auto group = WARREN_TRY(processes_of(name));
  return group.give_file("cgroup.procs", uid);
}

Result<model::Usage> UnifiedTree::usage(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));
  const auto number = [&](const char* file) -> Result<std::uint64_t> {
    const std::string text = WARREN_TRY(read_if_there(group, file));
    return parse_number(text).value_or(0);
  };
  const std::string cpu = WARREN_TRY(group.read("cpu.stat"));
  const std::string io_stat = WARREN_TRY(read_if_there(group, "io.stat"));
  const IoBytes io = parse_io_stat(io_stat);
  model::Usage usage;
  usage.cpu_usec = find_number(cpu, "usage_usec").value_or(0);
  usage.throttled_usec = find_number(cpu, "throttled_usec").value_or(0);
  usage.memory.value = WARREN_TRY(number("memory.current"));
  // Since Linux 5.19; before, the best that is known is what it uses now.
  const std::uint64_t peak = WARREN_TRY(number("memory.peak"));
  usage.memory_peak.value = std::max(peak, usage.memory.value);
  usage.io_read = io.read;
  usage.io_write = io.write;
  usage.pids = WARREN_TRY(number("pids.current"));
  return usage;
}

Result<Events> UnifiedTree::events(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));
  Events events;
  events.oom_kills = WARREN_TRY(oom_kills_in(group));
  if (const auto leaf = group.open_child(kMainLeaf)) {
    const std::uint64_t in_leaf = WARREN_TRY(oom_kills_in(*leaf));
    events.oom_kills += in_leaf;
  }
  return events;
}

Result<MemoryBounds> UnifiedTree::memory_bounds(const GroupName& name) {
  return ceiling_.of(tracking(), name);
}

Result<os::UniqueFd> UnifiedTree::kill_file(const GroupName& name) {
  const auto group = WARREN_TRY(tracking().group(name));
  if (group.has("cgroup.kill")) return group.open_file("cgroup.kill", O_WRONLY);
  return fail(Errc::kFailedPrecondition, "this kernel has no cgroup.kill (Linux 5.14)");
}

Result<> UnifiedTree::remove(const GroupName& name) {
  const auto group = tracking().group(name);
  if (!group && group.error().code == Errc::kNotFound) return {};
  if (!group) return std::unexpected(group.error());
  if (auto removable = await_removable(*group); !removable) return removable;
  if (auto leaf = group->remove_child(kMainLeaf); !leaf) return leaf;
  return tracking().engine().remove_child(name);
}

Result<std::vector<GroupName>> UnifiedTree::list() {
  return tracking().groups();
}

Result<> UnifiedTree::close() {
  await_last_init();
  return tracking().remove();
}

}  // namespace warren::cgroup
