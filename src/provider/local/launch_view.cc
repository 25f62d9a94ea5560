// SPDX-License-Identifier: Apache-2.0

#include "provider/local/launch_view.h"

#include <fcntl.h>
#include <sched.h>

#include <cstdint>
#include <initializer_list>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/credentials.h"
#include "os/file.h"
#include "os/mount.h"

namespace warren::provider {
namespace {

using Options = std::initializer_list<std::pair<const char*, const char*>>;

Result<os::UniqueFd> mount_tmpfs(const Options& options, std::uint64_t attributes) {
  const os::UniqueFd filesystem =
      WARREN_TRY(os::context(os::open_filesystem("tmpfs"), "opening a tmpfs"));
  for (const auto& [key, value] : options) {
    WARREN_TRY(os::context(os::configure_filesystem(filesystem.get(), key, value), "tmpfs"));
  }
  return os::context(os::create_mount(filesystem.get(), attributes), "mounting a tmpfs");
}

Result<os::UniqueFd> make_empty_root() {
  os::UniqueFd root =
      WARREN_TRY(mount_tmpfs({{"size", "64k"}, {"mode", "0755"}},
                             MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
  for (const char* directory : {"layers", "pool", "host", "mnt", "empty"}) {
    WARREN_TRY(
        os::context(os::make_directory(root.get(), directory, 0755), "making /{}", directory));
  }
  return root;
}

Result<> attach_empty(int root) {
  const os::UniqueFd mount = WARREN_TRY(
      mount_tmpfs({{"size", "4k"}, {"nr_inodes", "1"}, {"mode", "0555"}}, MOUNT_ATTR_RDONLY));
  return os::context(os::attach_mount(mount.get(), root, "empty"), "attaching /empty");
}

Result<> attach_host_tree(int root, const std::string& tree) {
  const std::string place = "host/" + tree;
  WARREN_TRY(os::context(os::make_directory(root, place.c_str(), 0755), "making {}", place));
  const os::UniqueFd mount = WARREN_TRY(os::context(
      os::clone_mount(AT_FDCWD, ("/" + tree).c_str(), os::Recursive::kYes), "cloning /{}", tree));
  constexpr std::uint64_t kAttributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  WARREN_TRY(os::context(os::set_mount_attributes(mount.get(), kAttributes, os::Recursive::kYes),
                         "making /{} read-only", tree));
  return os::context(os::attach_mount(mount.get(), root, place.c_str()), "attaching /{}", tree);
}

}  // namespace

Result<> enter_launch_view(const LaunchView& view) {
  // CLONE_FS too: a thread that shares its root and working directory cannot leave.
  WARREN_TRY(os::context(os::unshare(CLONE_NEWNS | CLONE_FS), "making a mount namespace"));
  WARREN_TRY(os::context(os::make_mounts_private(), "making mounts private"));
  const os::UniqueFd root = WARREN_TRY(make_empty_root());
  WARREN_TRY(os::context(os::attach_mount(root.get(), AT_FDCWD, view.scratch.c_str()),
                         "attaching the view at {}", view.scratch));
  for (const std::string& tree : view.host_trees) WARREN_TRY(attach_host_tree(root.get(), tree));
  WARREN_TRY(attach_empty(root.get()));
  WARREN_TRY(os::context(os::attach_mount(view.pool, root.get(), "layers"), "attaching the pool"));
  return os::context(os::pivot_root_to(root.get()), "entering the view");
}

}  // namespace warren::provider
