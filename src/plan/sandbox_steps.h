// SPDX-License-Identifier: Apache-2.0
//
// The first half of a plan: how a sandbox of each profile is built.

#pragma once

#include <vector>

#include "plan/compile.h"

namespace warren::plan {

// Every namespace of its own, an overlay as root, nothing of the host but read-only trees.
[[nodiscard]] std::vector<Step> isolated_sandbox(const Image& image, const Resources& resources);

// The host as it is; only the cgroup and the care for orphans are the sandbox's own.
[[nodiscard]] std::vector<Step> host_sandbox(const Resources& resources);

}  // namespace warren::plan
