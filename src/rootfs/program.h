// SPDX-License-Identifier: Apache-2.0
//
// Programs of the host that are run to their end, such as mkfs.btrfs.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace warren::rootfs {

// Runs `name`, looked up in the usual places of system programs, with nothing of the caller's
// environment. Fails with kUnavailable when there is no such program, and with the first line it
// wrote to standard error when it does not exit with 0.
[[nodiscard]] Result<> run_program(const std::string& name,
                                   const std::vector<std::string>& arguments);

}  // namespace warren::rootfs
