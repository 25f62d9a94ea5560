// SPDX-License-Identifier: Apache-2.0
//
// What a directory holds, and the removal of trees that a workload has shaped.

#pragma once

#include <string>
#include <vector>

#include "os/errno.h"

namespace warren::rootfs {

// The names in `path` below `directory` (which may be AT_FDCWD), without "." and "..", unsorted.
[[nodiscard]] os::KernelResult<std::vector<std::string>> entry_names(int directory,
                                                                     const char* path);

// Removes `name`, whatever it is, with all below it, however deep: three descriptors suffice. Links
// are removed, never followed. Succeeds when there is nothing.
[[nodiscard]] os::KernelResult<> remove_tree(int directory, const char* name);

}  // namespace warren::rootfs
