// SPDX-License-Identifier: Apache-2.0
//
// What both kinds of tree have in common: one hierarchy in which every process of a sandbox is, and
// through which groups are found, frozen, signaled and killed.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cgroup/branch.h"
#include "cgroup/cgroup.h"
#include "cgroup/process_control.h"

namespace warren::cgroup {

class TrackedTree : public Tree {
 public:
  [[nodiscard]] std::vector<Capability> capabilities() const final { return capabilities_; }
  [[nodiscard]] Result<> check(const model::Limits& limits) const override;

  [[nodiscard]] Result<> set_note(const GroupName& name, std::string_view note) final;
  [[nodiscard]] Result<std::string> note(const GroupName& name) final;
  [[nodiscard]] Result<> freeze(const GroupName& name) final;
  [[nodiscard]] Result<> thaw(const GroupName& name) final;
  [[nodiscard]] Result<> signal(const GroupName& name, int signal) final;
  [[nodiscard]] Result<> kill(const GroupName& name) final;
  [[nodiscard]] Result<bool> is_populated(const GroupName& name) final;
  [[nodiscard]] Result<std::string> path(const GroupName& name) final;
  [[nodiscard]] Result<std::vector<pid_t>> members(const GroupName& name) final;

 protected:
  TrackedTree(Branch tracking, std::unique_ptr<ProcessControl> control)
      : tracking_(std::move(tracking)), control_(std::move(control)) {}

  [[nodiscard]] const Branch& tracking() const noexcept { return tracking_; }
  void add_capabilities(std::vector<Capability> capabilities);
  // To be called once the leaf `init` stands: some files exist below the root only.
  void probe_control();

  // Fails with kFailedPrecondition when `group` keeps processes or has groups below it.
  [[nodiscard]] Result<> await_removable(const GroupDirectory& group) const;
  // Waits for the end of the last inits, so that the engine's directory can go.
  void await_last_init() const;

 private:
  Branch tracking_;
  std::unique_ptr<ProcessControl> control_;
  std::vector<Capability> capabilities_;
};

// The descriptors of a group in the unified hierarchy.
[[nodiscard]] Result<Entry> unified_entry(GroupDirectory group);

// Prepares the engine's directory in the unified hierarchy, so that an init that gave up root can
// clone from its leaf into a group that TrackedTree::allow_entry() opened.
[[nodiscard]] Result<> open_passage(const GroupDirectory& engine);

}  // namespace warren::cgroup
