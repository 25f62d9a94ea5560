// SPDX-License-Identifier: Apache-2.0
//
// The directories that every pool has, whatever keeps its layers.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "os/errno.h"
#include "os/unique_fd.h"
#include "rootfs/layer_pool.h"

namespace warren::rootfs {

// Opens `path`, made first where it is missing, and closes it to everybody but root.
[[nodiscard]] Result<os::UniqueFd> open_private_directory(const std::string& path);

// Opens `name` below the root of a pool, made first where it is missing.
[[nodiscard]] Result<os::UniqueFd> open_pool_directory(int root, const char* name);

// The same for `layers`, and makes `images` beside it.
[[nodiscard]] Result<os::UniqueFd> open_layers(int root);

// mkdirat(2) with exactly this mode, whatever the umask is.
[[nodiscard]] os::KernelResult<> make_directory_exactly(int directory, const char* path,
                                                        mode_t mode) noexcept;

// The block device below an open file; none where the file system has no device of its own.
[[nodiscard]] std::optional<DeviceNumber> device_of(int file) noexcept;

}  // namespace warren::rootfs
