// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/types.h>

#include "os/errno.h"

namespace warren::os {

// acl(5): members of `group` get `permissions` (R_OK, W_OK, X_OK) on the file at `path`, besides
// what its mode gives to others; its mode goes on to say the most that any group may do. Replaces
// the list that the file had. Fails with EOPNOTSUPP where the file system keeps no lists.
[[nodiscard]] KernelResult<> admit_group(const char* path, gid_t group, unsigned permissions);

}  // namespace warren::os
