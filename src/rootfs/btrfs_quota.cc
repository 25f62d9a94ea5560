// SPDX-License-Identifier: Apache-2.0

#include "rootfs/btrfs_quota.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>

#include <string_view>

#include "os/call.h"
#include "os/text_file.h"

namespace warren::rootfs {
namespace {

// Of Linux 6.7; the headers of older distributions lack it.
constexpr std::uint64_t kEnableSimpleQuota = 4;

os::KernelResult<> control_quotas(int directory, std::uint64_t command) noexcept {
  btrfs_ioctl_quota_ctl_args arguments{};
  arguments.cmd = command;
  return os::call([&] { return ::ioctl(directory, BTRFS_IOC_QUOTA_CTL, &arguments); });
}

}  // namespace

os::KernelResult<QuotaKind> enable_quotas(int directory) noexcept {
  if (control_quotas(directory, kEnableSimpleQuota)) return QuotaKind::kSimple;
  const auto enabled = control_quotas(directory, BTRFS_QUOTA_CTL_ENABLE);
  if (!enabled) return std::unexpected(enabled.error());
  return QuotaKind::kFull;
}

QuotaKind active_quotas(const std::string& sysfs) {
  const auto enabled = os::read_text(AT_FDCWD, (sysfs + "/qgroups/enabled").c_str());
  if (!enabled || !enabled->starts_with('1')) return QuotaKind::kNone;
  const auto mode = os::read_text(AT_FDCWD, (sysfs + "/qgroups/mode").c_str());
  return mode && mode->starts_with("squota") ? QuotaKind::kSimple : QuotaKind::kFull;
}

os::KernelResult<> limit_subvolume(int subvolume, std::optional<Bytes> limit) noexcept {
  btrfs_ioctl_qgroup_limit_args arguments{};  // Group 0 is the subvolume's own.
  arguments.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
  // The largest value lifts a limit: the kernel takes it for none.
  arguments.lim.max_rfer = limit ? limit->value : ~std::uint64_t{0};
  return os::call([&] { return ::ioctl(subvolume, BTRFS_IOC_QGROUP_LIMIT, &arguments); });
}

os::KernelResult<> remove_account(int directory, std::uint64_t subvolume) noexcept {
  btrfs_ioctl_qgroup_create_args arguments{};
  arguments.qgroupid = subvolume;
  return os::call([&] { return ::ioctl(directory, BTRFS_IOC_QGROUP_CREATE, &arguments); });
}

}  // namespace warren::rootfs
