// SPDX-License-Identifier: Apache-2.0
//
// The file that holds a pool: preallocated, because a file system whose blocks are missing when it
// writes turns read-only for everybody.

#pragma once

#include <string>

#include "base/result.h"
#include "base/size.h"
#include "os/unique_fd.h"

namespace warren::rootfs {

// Opens `path`. Where there is none, one appears with an empty btrfs in it, or not at all: it is
// made under another name first. Fails with kUnavailable where that is not possible on this host.
[[nodiscard]] Result<os::UniqueFd> open_pool_file(const std::string& path);

// Adds `wanted`, or what the disk can spare: it keeps three quarters of what is free, and a reserve
// for logs and state. Returns what was added, which may be nothing.
[[nodiscard]] Result<Bytes> extend_pool_file(int file, Bytes wanted);

}  // namespace warren::rootfs
