// SPDX-License-Identifier: Apache-2.0
//
// What a command is told of the machine's memory, so that it does not size itself by what it cannot
// have.

#pragma once

#include <optional>
#include <string>

#include "cgroup/cgroup.h"

namespace warren::provider {

// The text for its /proc/meminfo. Nothing where the host has no more than the bounds leave: then
// the kernel's own file tells the truth.
[[nodiscard]] std::optional<std::string> meminfo_within(const cgroup::MemoryBounds& bounds);

}  // namespace warren::provider
