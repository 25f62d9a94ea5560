// SPDX-License-Identifier: Apache-2.0

#include "rootfs/btrfs_volume.h"

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <cstring>
#include <string_view>

#include "base/result.h"
#include "os/call.h"

namespace warren::rootfs {
namespace {

using os::Errno;
using os::KernelResult;

template <typename Arguments>
KernelResult<> control(int directory, unsigned long request, Arguments& arguments) noexcept {
  return os::call([&] { return ::ioctl(directory, request, &arguments); });
}

// Copies a name with its terminating zero, or refuses one that does not fit.
template <std::size_t kSize>
KernelResult<> set_name(char (&target)[kSize], std::string_view name) noexcept {
  if (name.size() >= kSize) return std::unexpected(Errno{ENAMETOOLONG});
  std::memcpy(target, name.data(), name.size());
  return {};
}

KernelResult<> on_subvolume(int parent, const char* name, unsigned long request) noexcept {
  btrfs_ioctl_vol_args_v2 arguments{};
  if (auto named = set_name(arguments.name, name); !named) return named;
  return control(parent, request, arguments);
}

}  // namespace

KernelResult<bool> is_btrfs(int directory) noexcept {
  struct statfs status {};
  const auto known = os::call([&] { return ::fstatfs(directory, &status); });
  if (!known) return std::unexpected(known.error());
  return status.f_type == BTRFS_SUPER_MAGIC;
}

KernelResult<> create_subvolume(int parent, const char* name) noexcept {
  return on_subvolume(parent, name, BTRFS_IOC_SUBVOL_CREATE_V2);
}

KernelResult<> destroy_subvolume(int parent, const char* name) noexcept {
  return on_subvolume(parent, name, BTRFS_IOC_SNAP_DESTROY_V2);
}

KernelResult<std::uint64_t> subvolume_id(int directory) noexcept {
  btrfs_ioctl_ino_lookup_args arguments{};
  arguments.objectid = BTRFS_FIRST_FREE_OBJECTID;
  const auto found = control(directory, BTRFS_IOC_INO_LOOKUP, arguments);
  if (!found) return std::unexpected(found.error());
  return arguments.treeid;
}

KernelResult<bool> subvolume_exists(int directory, std::uint64_t subvolume) noexcept {
  btrfs_ioctl_search_args arguments{};
  btrfs_ioctl_search_key& key = arguments.key;
  key.tree_id = BTRFS_ROOT_TREE_OBJECTID;
  key.min_objectid = key.max_objectid = subvolume;
  key.min_type = key.max_type = BTRFS_ROOT_ITEM_KEY;
  key.max_offset = key.max_transid = ~std::uint64_t{0};
  key.nr_items = 1;
  const auto searched = control(directory, BTRFS_IOC_TREE_SEARCH, arguments);
  if (!searched) return std::unexpected(searched.error());
  return key.nr_items > 0;
}

KernelResult<BtrfsDevice> device_of_volume(int directory) {
  btrfs_ioctl_dev_info_args arguments{};
  arguments.devid = 1;
  const auto found = control(directory, BTRFS_IOC_DEV_INFO, arguments);
  if (!found) return std::unexpected(found.error());
  const auto* path = reinterpret_cast<const char*>(arguments.path);
  return BtrfsDevice{.path = std::string(path, ::strnlen(path, sizeof arguments.path)),
                     .size = {arguments.total_bytes},
                     .allocated = {arguments.bytes_used}};
}

KernelResult<> resize_to_device(int directory) noexcept {
  btrfs_ioctl_vol_args arguments{};
  if (auto named = set_name(arguments.name, "max"); !named) return named;
  return control(directory, BTRFS_IOC_RESIZE, arguments);
}

KernelResult<std::string> sysfs_directory(int directory) {
  btrfs_ioctl_fs_info_args arguments{};
  const auto found = control(directory, BTRFS_IOC_FS_INFO, arguments);
  if (!found) return std::unexpected(found.error());
  std::string path = "/sys/fs/btrfs/";
  for (std::size_t i = 0; i < sizeof arguments.fsid; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) path += '-';
    path += fmt::format("{:02x}", arguments.fsid[i]);
  }
  return path;
}

}  // namespace warren::rootfs
