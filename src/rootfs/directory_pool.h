// SPDX-License-Identifier: Apache-2.0
//
// Layers as plain directories on the state directory's own file system: works everywhere, bounds
// nothing.

#pragma once

#include <string>

#include "rootfs/layer_pool.h"

namespace warren::rootfs {

class DirectoryPool final : public LayerPool {
 public:
  // `reason` says why nothing better is used; it becomes part of the explanation of limits.
  [[nodiscard]] static Result<std::unique_ptr<DirectoryPool>> open(
      const std::string& state_directory, std::string reason);

  [[nodiscard]] Result<> create(const NodeId& sandbox, std::optional<Bytes> limit) override;
  [[nodiscard]] Result<> remove(const NodeId& sandbox) override;
  [[nodiscard]] Result<> set_limit(const NodeId& sandbox, std::optional<Bytes> limit) override;
  [[nodiscard]] Result<Bytes> usage(const NodeId& sandbox) const override;
  [[nodiscard]] Result<> make_room() override { return {}; }
  [[nodiscard]] Result<> close() override { return {}; }
  [[nodiscard]] std::optional<std::string> limits_missing() const override;
  [[nodiscard]] std::optional<DeviceNumber> device() const override { return device_; }
  [[nodiscard]] PoolKind kind() const noexcept override { return PoolKind::kDirectory; }
  [[nodiscard]] const std::string& path() const noexcept override { return path_; }
  [[nodiscard]] int root() const noexcept override { return root_.get(); }

 private:
  DirectoryPool() = default;

  [[nodiscard]] std::string why_no_limits() const;

  std::string path_;
  os::UniqueFd root_;
  os::UniqueFd layers_;
  std::optional<DeviceNumber> device_;
  std::string reason_;
};

}  // namespace warren::rootfs
