// SPDX-License-Identifier: Apache-2.0
//
// Signals to all processes of a group, for which the kernel has no single call.

#pragma once

#include <chrono>

#include "base/result.h"
#include "cgroup/group_directory.h"

namespace warren::cgroup {

// Sends `signal` once to every process of `group` and the groups below it, including ones that are
// forked meanwhile. A process id that is given to another process on the way never receives it.
// Fails with kUnavailable when new processes still appear after `patience`.
[[nodiscard]] Result<> signal_members(const GroupDirectory& group, int signal,
                                      std::chrono::milliseconds patience);

}  // namespace warren::cgroup
