// SPDX-License-Identifier: Apache-2.0
//
// The descriptor based mount API. Each function is one system call and is named after what it does;
// flags that the project always wants (CLOEXEC, no symlinks) are not parameters. The structures
// come from <linux/mount.h>: glibc's <sys/mount.h> contradicts it, and musl has neither.

#pragma once

#include <linux/mount.h>

#include <cstdint>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

enum class Recursive : bool { kNo, kYes };

// open_tree(2): a detached copy of the mount at `path` below `directory`. An empty `path` means the
// mount that `directory` itself stands for.
[[nodiscard]] KernelResult<UniqueFd> clone_mount(int directory, const char* path,
                                                 Recursive recursive) noexcept;

// mount_setattr(2): sets `attributes` (MOUNT_ATTR_*) on `mount`.
[[nodiscard]] KernelResult<> set_mount_attributes(int mount, std::uint64_t attributes,
                                                  Recursive recursive) noexcept;

// mount_setattr(2) with MOUNT_ATTR_IDMAP: shows the ids on disk as `user_namespace` maps them.
// Works only on a detached mount that has never been attached.
[[nodiscard]] KernelResult<> map_mount_ids(int mount, int user_namespace,
                                           std::uint64_t attributes) noexcept;

// move_mount(2): attaches the detached `mount` at `path` below `directory`; an empty `path` means
// on `directory` itself.
[[nodiscard]] KernelResult<> attach_mount(int mount, int directory, const char* path) noexcept;

// fsopen(2), fsconfig(2), fsmount(2): a new instance of a file system, configured step by step.
[[nodiscard]] KernelResult<UniqueFd> open_filesystem(const char* type) noexcept;
// A null `value` sets a flag.
[[nodiscard]] KernelResult<> configure_filesystem(int filesystem, const char* key,
                                                  const char* value) noexcept;
[[nodiscard]] KernelResult<UniqueFd> create_mount(int filesystem,
                                                  std::uint64_t attributes) noexcept;

// mount(2) with MS_REC | MS_PRIVATE on "/": what happens below no longer reaches other namespaces.
[[nodiscard]] KernelResult<> make_mounts_private() noexcept;

// pivot_root(2) onto `root` and umount2(2) of all that was there before; leaves the caller in "/".
[[nodiscard]] KernelResult<> pivot_root_to(int root) noexcept;

// umount2(2) with MNT_DETACH | UMOUNT_NOFOLLOW.
[[nodiscard]] KernelResult<> detach_mount(const char* path) noexcept;

// Whether the file system behind `mount` refuses writes (statvfs(3), ST_RDONLY).
[[nodiscard]] KernelResult<bool> is_read_only(int mount) noexcept;

}  // namespace warren::os
