// SPDX-License-Identifier: Apache-2.0
//
// The kernel's side of an id range: a user namespace that lives through its descriptor alone, and
// views of directories in which the ids on disk are shifted into the range.

#pragma once

#include <cstdint>

#include "os/errno.h"
#include "os/unique_fd.h"
#include "rootfs/id_ranges.h"

namespace warren::rootfs {

// A user namespace whose ids 0 to 65,535 are those of `range`, for users and groups alike. The
// process that it takes to make one is gone when this returns.
[[nodiscard]] os::KernelResult<os::UniqueFd> create_user_namespace(IdRange range) noexcept;

enum class Access : std::uint8_t { kReadOnly, kReadWrite };

// A detached mount of `path` below `directory` (empty: of itself) that shows ids as
// `user_namespace` maps them, nosuid and nodev. It must be attached before overlayfs takes it as a
// layer. Needs the directory to be visible in the caller's mount namespace.
[[nodiscard]] os::KernelResult<os::UniqueFd> clone_for_range(int directory, const char* path,
                                                             int user_namespace,
                                                             Access access) noexcept;

}  // namespace warren::rootfs
