// SPDX-License-Identifier: Apache-2.0

#include "os/mount.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/call.h"

extern "C" {
int mount(const char*, const char*, const char*, unsigned long, const void*);
int umount2(const char*, int);
}

namespace warren::os {
namespace {

// Of <sys/mount.h>, which cannot be included beside <linux/mount.h>.
constexpr int kUmountDetach = 2;
constexpr int kUmountNofollow = 8;

unsigned recursion(Recursive recursive) noexcept {
  return recursive == Recursive::kYes ? AT_RECURSIVE : 0U;
}

KernelResult<> set_attributes(int mount, mount_attr attributes, unsigned flags) noexcept {
  return call([&] {
    return ::syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, &attributes,
                     sizeof attributes);
  });
}

}  // namespace

KernelResult<UniqueFd> clone_mount(int directory, const char* path, Recursive recursive) noexcept {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH |
                         recursion(recursive);
  return call_for_fd([&] { return ::syscall(SYS_open_tree, directory, path, flags); });
}

KernelResult<> set_mount_attributes(int mount, std::uint64_t attributes,
                                    Recursive recursive) noexcept {
  mount_attr change{};
  change.attr_set = attributes;
  return set_attributes(mount, change, recursion(recursive));
}

KernelResult<> map_mount_ids(int mount, int user_namespace, std::uint64_t attributes) noexcept {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_IDMAP | attributes;
  change.userns_fd = static_cast<std::uint64_t>(user_namespace);
  return set_attributes(mount, change, 0);
}

KernelResult<> attach_mount(int mount, int directory, const char* path) noexcept {
  constexpr unsigned kFlags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  return call([&] { return ::syscall(SYS_move_mount, mount, "", directory, path, kFlags); });
}

KernelResult<UniqueFd> open_filesystem(const char* type) noexcept {
  return call_for_fd([&] { return ::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); });
}

KernelResult<> configure_filesystem(int filesystem, const char* key, const char* value) noexcept {
  const unsigned command = value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
  return call([&] { return ::syscall(SYS_fsconfig, filesystem, command, key, value, 0); });
}

KernelResult<UniqueFd> create_mount(int filesystem, std::uint64_t attributes) noexcept {
  const auto created = call([&] {
    return ::syscall(SYS_fsconfig, filesystem, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  });
  if (!created) return std::unexpected(created.error());
  return call_for_fd(
      [&] { return ::syscall(SYS_fsmount, filesystem, FSMOUNT_CLOEXEC, attributes); });
}

KernelResult<> make_mounts_private() noexcept {
  return call([] { return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); });
}

KernelResult<> pivot_root_to(int root) noexcept {
  if (const auto entered = call([&] { return ::fchdir(root); }); !entered) return entered;
  // pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one and taken off
  // again.
  const auto pivoted = call([] { return ::syscall(SYS_pivot_root, ".", "."); });
  if (!pivoted) return pivoted;
  const auto detached = call([] { return ::umount2(".", kUmountDetach); });
  if (!detached) return detached;
  return call([] { return ::chdir("/"); });
}

KernelResult<> detach_mount(const char* path) noexcept {
  return call([&] { return ::umount2(path, kUmountDetach | kUmountNofollow); });
}

KernelResult<bool> is_read_only(int mount) noexcept {
  struct statvfs status {};
  const auto done = call([&] { return ::fstatvfs(mount, &status); });
  if (!done) return std::unexpected(done.error());
  return (status.f_flag & ST_RDONLY) != 0;
}

}  // namespace warren::os
