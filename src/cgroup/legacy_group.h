// SPDX-License-Identifier: Apache-2.0
//
// The directory of one group in one version 1 hierarchy.

#pragma once

#include <string>

#include "cgroup/branch.h"
#include "model/limits.h"

namespace warren::cgroup {

struct LegacyLimits {
  const model::Limits& limits;
  std::string disk;  // "MAJOR:MINOR", for I/O limits.
};

// Whether a group with these limits needs a directory there: for memory, cpu, pids and cpuacct
// always, for accounting; for cpuset and blkio only with such a limit, since each costs 50 us.
[[nodiscard]] bool needs_group(const Branch& branch, const model::Limits& limits) noexcept;

// Until both files of a cpuset are filled no process can enter it; fills them as in `from`.
[[nodiscard]] Result<> inherit_cpuset(const GroupDirectory& from, const GroupDirectory& to);

[[nodiscard]] Result<> make_legacy_group(const Branch& branch, const std::string& name);
// Content with one that exists.
[[nodiscard]] Result<> ensure_legacy_group(const Branch& branch, const std::string& name);
[[nodiscard]] Result<> limit_legacy_group(const Branch& branch, const std::string& name,
                                          const LegacyLimits& limits);

}  // namespace warren::cgroup
