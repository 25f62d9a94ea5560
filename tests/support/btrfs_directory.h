// SPDX-License-Identifier: Apache-2.0
//
// A btrfs of a test's own, mounted where only the test sees it: as an operator's whose machine has
// the state directory on btrfs.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "os/credentials.h"
#include "os/mount.h"
#include "rootfs/btrfs_quota.h"
#include "rootfs/loop_device.h"
#include "rootfs/pool_file.h"
#include "rootfs/program.h"

namespace warren::test {

class BtrfsDirectory {
 public:
  // Moves the calling thread into a mount namespace of its own and mounts, at `place`, an existing
  // directory, what is kept in the file `place`.btrfs. Fails with kUnavailable where the host lacks
  // what it takes, and with kFailedPrecondition where its kernel lacks such quotas.
  [[nodiscard]] static Result<std::unique_ptr<BtrfsDirectory>> create(const std::string& place,
                                                                      rootfs::QuotaKind quotas) {
    std::unique_ptr<BtrfsDirectory> self(new BtrfsDirectory(place));
    const os::UniqueFd file = WARREN_TRY(rootfs::open_pool_file(self->file_));
    const auto loop = WARREN_TRY(rootfs::LoopDevice::attach(file.get(), self->file_));
    require(::unshare(CLONE_NEWNS) == 0, "unsharing mounts");
    self->is_unshared_ = true;
    require(os::make_mounts_private().has_value(), "making mounts private");
    const auto filesystem = os::open_filesystem("btrfs");
    if (!filesystem) return fail(Errc::kUnavailable, "the kernel has no btrfs");
    const int fd = filesystem->get();
    require(os::configure_filesystem(fd, "source", loop.path().c_str()).has_value(), "source");
    const auto mount = os::create_mount(fd, 0);
    require(mount && os::attach_mount(mount->get(), AT_FDCWD, place.c_str()), "mounting btrfs");
    WARREN_TRY(self->enable(quotas));
    return self;
  }

  BtrfsDirectory(const BtrfsDirectory&) = delete;
  BtrfsDirectory& operator=(const BtrfsDirectory&) = delete;
  ~BtrfsDirectory() {
    // Its last user takes the loop device with it.
    if (is_unshared_) std::ignore = os::enter_namespace(host_.get(), CLONE_NEWNS);
    ::unlink(file_.c_str());
  }

 private:
  explicit BtrfsDirectory(const std::string& place)
      : place_(place),
        file_(place + ".btrfs"),
        host_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)) {}

  static void require(bool is_so, const char* what) {
    if (!is_so) throw std::runtime_error(what);
  }

  [[nodiscard]] Result<> enable(rootfs::QuotaKind quotas) const {
    if (quotas == rootfs::QuotaKind::kFull) {
      return rootfs::run_program("btrfs", {"quota", "enable", place_});
    }
    if (quotas == rootfs::QuotaKind::kNone) return {};
    const os::UniqueFd root(::open(place_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (rootfs::enable_quotas(root.get()) == rootfs::QuotaKind::kSimple) return {};
    return fail(Errc::kFailedPrecondition, "this kernel has no simple quotas (Linux 6.7)");
  }

  std::string place_;
  std::string file_;
  os::UniqueFd host_;  // The mount namespace to come back to.
  bool is_unshared_ = false;
};

// For the names of tests.
inline std::string name_of_quotas(const ::testing::TestParamInfo<rootfs::QuotaKind>& info) {
  return info.param == rootfs::QuotaKind::kSimple ? "Simple" : "Full";
}

}  // namespace warren::test
