// SPDX-License-Identifier: Apache-2.0
//
// Handing controllers of the unified hierarchy down to child groups (cgroup-v2.rst, "Enabling and
// Disabling").

#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "cgroup/group_directory.h"

namespace warren::cgroup {

// Why a controller could not be handed down, by its name.
using Refusals = std::map<std::string, std::string, std::less<>>;

// Enables, for the children of `group`, each controller that limits need.
[[nodiscard]] Result<Refusals> delegate_controllers(const GroupDirectory& group);

// Turns a group that may hold processes into one that may have limited groups below it: its
// processes move into its leaf `main`. Safe to repeat, and after a crash half-way.
[[nodiscard]] Result<> make_inner(const GroupDirectory& group);

}  // namespace warren::cgroup
