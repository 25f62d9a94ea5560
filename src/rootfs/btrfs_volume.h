// SPDX-License-Identifier: Apache-2.0
//
// The ioctls of btrfs (btrfs-ioctl(2)), typed. A directory descriptor stands for the file system.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/size.h"
#include "os/errno.h"

namespace warren::rootfs {

// What the file system's first device holds.
struct BtrfsDevice {
  std::string path;  // "/dev/loop3".
  Bytes size;
  Bytes allocated;  // To chunks of data or metadata, whether these are full or not.
};

[[nodiscard]] os::KernelResult<bool> is_btrfs(int directory) noexcept;

// BTRFS_IOC_SUBVOL_CREATE_V2 and BTRFS_IOC_SNAP_DESTROY_V2 of `name`, one component, in `parent`.
[[nodiscard]] os::KernelResult<> create_subvolume(int parent, const char* name) noexcept;
[[nodiscard]] os::KernelResult<> destroy_subvolume(int parent, const char* name) noexcept;

// BTRFS_IOC_INO_LOOKUP: the number of the subvolume that `directory` belongs to.
[[nodiscard]] os::KernelResult<std::uint64_t> subvolume_id(int directory) noexcept;

// BTRFS_IOC_TREE_SEARCH: whether there is a subvolume with that number. One that was destroyed is
// there until the kernel has cleared it away.
[[nodiscard]] os::KernelResult<bool> subvolume_exists(int directory,
                                                      std::uint64_t subvolume) noexcept;

// BTRFS_IOC_DEV_INFO of device 1.
[[nodiscard]] os::KernelResult<BtrfsDevice> device_of_volume(int directory);

// BTRFS_IOC_RESIZE: takes all that the device has.
[[nodiscard]] os::KernelResult<> resize_to_device(int directory) noexcept;

// BTRFS_IOC_FS_INFO: where sysfs shows the file system, "/sys/fs/btrfs/<uuid>".
[[nodiscard]] os::KernelResult<std::string> sysfs_directory(int directory);

}  // namespace warren::rootfs
