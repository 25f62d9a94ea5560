// SPDX-License-Identifier: Apache-2.0
//
// procfs as root writes to it: only after a look at what is mounted there, since on another file
// system the same writes would go to files of somebody else's making.

#pragma once

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

// The directory `path`, to open files below by descriptor. ENODEV where it is not of a procfs.
[[nodiscard]] KernelResult<UniqueFd> open_procfs(const char* path = "/proc") noexcept;

}  // namespace warren::os
