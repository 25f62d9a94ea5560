// SPDX-License-Identifier: Apache-2.0
//
// Hosts with the unified hierarchy alone. A group that gets groups below it moves its processes
// into a leaf `main`, because a group with controllers for its children may hold no process itself
// (cgroup-v2.rst, "No Internal Process Constraint"); its own limits go on holding for all.

#pragma once

#include "cgroup/layout.h"
#include "cgroup/memory_ceiling.h"
#include "cgroup/tracked_tree.h"

namespace warren::cgroup {

class UnifiedTree final : public TrackedTree {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Tree>> open(const Layout& layout,
                                                          const std::string& engine_name);

  [[nodiscard]] Result<> create(const GroupName& name, const model::Limits& limits,
                                const std::string& device) override;
  // An entry taken before the group got its first group below it leads nowhere: take it again.
  [[nodiscard]] Result<Entry> entry(const GroupName& name) override;
  [[nodiscard]] Result<Entry> init_entry() override;
  [[nodiscard]] Result<> allow_entry(const GroupName& name, std::uint32_t uid) override;
  [[nodiscard]] Result<model::Usage> usage(const GroupName& name) override;
  [[nodiscard]] Result<Events> events(const GroupName& name) override;
  [[nodiscard]] Result<MemoryBounds> memory_bounds(const GroupName& name) override;
  [[nodiscard]] Result<os::UniqueFd> kill_file(const GroupName& name) override;
  [[nodiscard]] Result<> remove(const GroupName& name) override;
  [[nodiscard]] Result<std::vector<GroupName>> list() override;
  [[nodiscard]] Result<> close() override;

 private:
  UnifiedTree(Branch branch, MemoryCeiling ceiling)
      : TrackedTree(std::move(branch), std::make_unique<UnifiedControl>()), ceiling_(ceiling) {}

  // Where the processes of the group are: its leaf `main`, or the group itself.
  [[nodiscard]] Result<GroupDirectory> processes_of(const GroupName& name) const;
  [[nodiscard]] Result<> write_limits(const GroupName& name, const model::Limits& limits,
                                      const std::string& disk) const;

  MemoryCeiling ceiling_;
};

}  // namespace warren::cgroup
