// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <span>
#include <vector>

#include "cgroup/branch.h"
#include "cgroup/cgroup.h"

namespace warren::cgroup {

// Which limits the version 1 hierarchies can hold.
[[nodiscard]] std::vector<Capability> legacy_capabilities(std::span<const Branch> limiting);

// The branch with that controller, or null.
[[nodiscard]] const Branch* find_branch(std::span<const Branch> branches,
                                        std::string_view controller) noexcept;

}  // namespace warren::cgroup
