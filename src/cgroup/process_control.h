// SPDX-License-Identifier: Apache-2.0
//
// Freezing, killing and waiting for the processes of one group: by the unified hierarchy's own
// files, or by the freezer of version 1 where no unified hierarchy is mounted.

#pragma once

#include <chrono>
#include <vector>

#include "base/result.h"
#include "cgroup/cgroup.h"
#include "cgroup/group_directory.h"

namespace warren::cgroup {

// Blocking calls are bounded by these: a process in uninterruptible sleep can hold up both.
inline constexpr std::chrono::milliseconds kFreezePatience{2000};
inline constexpr std::chrono::milliseconds kEndPatience{2000};

class ProcessControl {
 public:
  virtual ~ProcessControl() = default;

  // "kill" and "freeze", as any group can be.
  [[nodiscard]] virtual std::vector<Capability> capabilities(const GroupDirectory& group) const = 0;
  // When it returns, no process of the group runs. On failure the group is thawed.
  [[nodiscard]] virtual Result<> freeze(const GroupDirectory& group) const = 0;
  [[nodiscard]] virtual Result<> thaw(const GroupDirectory& group) const = 0;
  // Frozen processes and ones being forked die too. Does not wait for their end.
  [[nodiscard]] virtual Result<> kill(const GroupDirectory& group) const = 0;
  [[nodiscard]] virtual Result<bool> is_populated(const GroupDirectory& group) const = 0;
  // Returns when the group and those below it are empty or kEndPatience has passed.
  virtual void await_end(const GroupDirectory& group) const = 0;
};

// cgroup-v2.rst, "Core Interface Files".
class UnifiedControl final : public ProcessControl {
 public:
  [[nodiscard]] std::vector<Capability> capabilities(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> freeze(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> thaw(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> kill(const GroupDirectory& group) const override;
  [[nodiscard]] Result<bool> is_populated(const GroupDirectory& group) const override;
  void await_end(const GroupDirectory& group) const override;
};

// cgroup-v1/freezer-subsystem.rst. That hierarchy notifies nobody, so waits read the state again
// after a millisecond.
class FreezerControl final : public ProcessControl {
 public:
  [[nodiscard]] std::vector<Capability> capabilities(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> freeze(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> thaw(const GroupDirectory& group) const override;
  [[nodiscard]] Result<> kill(const GroupDirectory& group) const override;
  [[nodiscard]] Result<bool> is_populated(const GroupDirectory& group) const override;
  void await_end(const GroupDirectory& group) const override;
};

}  // namespace warren::cgroup
