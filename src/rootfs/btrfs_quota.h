// SPDX-License-Identifier: Apache-2.0
//
// Limits of btrfs subvolumes. Simple quotas (Linux 6.7) charge whoever wrote an extent; full
// qgroups (all kernels) also follow what is shared.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/size.h"
#include "os/errno.h"

namespace warren::rootfs {

enum class QuotaKind : std::uint8_t { kNone, kSimple, kFull };

// BTRFS_IOC_QUOTA_CTL on any directory of the file system: the best kind that the kernel has.
[[nodiscard]] os::KernelResult<QuotaKind> enable_quotas(int directory) noexcept;

// Which kind is on, as `sysfs` (/sys/fs/btrfs/<uuid>) shows it.
[[nodiscard]] QuotaKind active_quotas(const std::string& sysfs);

// BTRFS_IOC_QGROUP_LIMIT: bounds what `subvolume`, an open directory, refers to.
[[nodiscard]] os::KernelResult<> limit_subvolume(int subvolume,
                                                 std::optional<Bytes> limit) noexcept;

// BTRFS_IOC_QGROUP_CREATE, the other way round: forgets the account of a subvolume that is gone.
// EBUSY until the kernel has cleared that away.
[[nodiscard]] os::KernelResult<> remove_account(int directory, std::uint64_t subvolume) noexcept;

}  // namespace warren::rootfs
