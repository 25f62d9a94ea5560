// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::cgroup {

// The kernel limits I/O of whole disks only: for the partition "8:1" this is its disk, "8:0". Fails
// with kFailedPrecondition when `device` is not a block device, as with tmpfs and other file
// systems without one. `sys` is where sysfs is mounted.
[[nodiscard]] Result<std::string> resolve_disk(std::string_view device,
                                               const std::string& sys = "/sys");

}  // namespace warren::cgroup
