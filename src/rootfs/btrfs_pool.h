// SPDX-License-Identifier: Apache-2.0
//
// Layers as btrfs subvolumes with quotas: exact limits, and creation, removal and snapshots in
// microseconds. The file system is the state directory's own where that is btrfs, else it lives in
// <state_directory>/pool.btrfs, preallocated, behind a loop device.

#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "rootfs/btrfs_quota.h"
#include "rootfs/gone_accounts.h"
#include "rootfs/layer_pool.h"
#include "rootfs/loop_device.h"
#include "rootfs/ready_layers.h"

namespace warren::rootfs {

class BtrfsPool final : public LayerPool {
 public:
  // Fails with kUnavailable where the host lacks btrfs, loop devices or mkfs.btrfs.
  [[nodiscard]] static Result<std::unique_ptr<BtrfsPool>> open(const std::string& state_directory);

  // Where a pool in a file keeps it: "<state_directory>/pool.btrfs".
  [[nodiscard]] static std::string file_path(const std::string& state_directory);

  [[nodiscard]] Result<> create(const NodeId& sandbox, std::optional<Bytes> limit) override;
  [[nodiscard]] Result<> remove(const NodeId& sandbox) override;
  [[nodiscard]] Result<> set_limit(const NodeId& sandbox, std::optional<Bytes> limit) override;
  [[nodiscard]] Result<Bytes> usage(const NodeId& sandbox) const override;
  [[nodiscard]] Result<> make_room() override;
  [[nodiscard]] Result<> close() override;
  [[nodiscard]] std::optional<std::string> limits_missing() const override;
  [[nodiscard]] std::optional<DeviceNumber> device() const override { return device_; }
  [[nodiscard]] PoolKind kind() const noexcept override { return PoolKind::kBtrfs; }
  [[nodiscard]] const std::string& path() const noexcept override { return path_; }
  [[nodiscard]] int root() const noexcept override { return root_.get(); }

 private:
  BtrfsPool() = default;

  [[nodiscard]] Result<> open_in_file(const std::string& path);
  [[nodiscard]] Result<> finish_open();
  [[nodiscard]] Result<os::UniqueFd> open_layer(const NodeId& sandbox) const;
  [[nodiscard]] Result<> grow_for(Bytes wanted);

  std::string path_;
  os::UniqueFd file_;  // With loop_: absent where the state directory is on btrfs.
  std::optional<LoopDevice> loop_;
  os::UniqueFd root_;
  os::UniqueFd layers_;
  std::unique_ptr<ReadyLayers> ready_;
  QuotaKind quotas_ = QuotaKind::kNone;
  GoneAccounts gone_;    // Of full quotas alone.
  std::string qgroups_;  // The directory of sysfs that shows what each subvolume uses.
  std::optional<DeviceNumber> device_;
  std::mutex growing_;
};

}  // namespace warren::rootfs
