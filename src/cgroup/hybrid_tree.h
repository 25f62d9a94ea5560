// SPDX-License-Identifier: Apache-2.0
//
// Hosts that mount version 1 controllers, with or without a unified hierarchy beside them. The
// unified one, where mounted, tracks, freezes and kills; else the version 1 freezer does. A group
// has a directory in the hierarchies of memory, cpu and pids, and in those of cpuset and blkio only
// when it asks for cores or bandwidth.

#pragma once

#include <optional>
#include <vector>

#include "cgroup/layout.h"
#include "cgroup/memory_ceiling.h"
#include "cgroup/tracked_tree.h"

namespace warren::cgroup {

class HybridTree final : public TrackedTree {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Tree>> open(const Layout& layout,
                                                          const std::string& engine_name);

  [[nodiscard]] Result<> check(const model::Limits& limits) const override;
  [[nodiscard]] Result<> create(const GroupName& name, const model::Limits& limits,
                                const std::string& device) override;
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
  enum class Tracking : bool { kFreezer, kUnified };

  HybridTree(Branch tracking, Tracking kind, std::vector<Branch> limiting);

  [[nodiscard]] Result<> create_limited(const GroupName& name, const model::Limits& limits,
                                        const std::string& disk) const;
  [[nodiscard]] Result<> remove_limited(const GroupName& name) const;
  // Empty where the group has no directory for that controller or the kernel no such file.
  [[nodiscard]] Result<std::string> read_of(std::string_view controller, const GroupName& name,
                                            std::string_view file) const;
  [[nodiscard]] Result<std::uint64_t> cpu_usec(const GroupName& name) const;

  Tracking kind_;
  std::vector<Branch> limiting_;
  std::optional<MemoryCeiling> ceiling_;  // Where there is a memory controller.
};

}  // namespace warren::cgroup
