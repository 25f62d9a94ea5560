// SPDX-License-Identifier: Apache-2.0
//
// Writable layers of sandboxes: where they live on disk and what bounds them. A layer is the
// directory layers/<sandbox>/ below the root of its pool, with `upper` and `work` for overlayfs.
// Owners on disk count from 0, whatever range of ids the sandbox runs with. Every function may be
// called from any thread.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/node_id.h"
#include "base/result.h"
#include "base/size.h"
#include "os/unique_fd.h"

namespace warren::rootfs {

struct DeviceNumber {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  friend bool operator==(DeviceNumber, DeviceNumber) = default;
};
[[nodiscard]] std::string to_text(DeviceNumber device);  // "259:3"

// Which technique keeps the layers. kAutomatic takes the best that the host offers.
enum class PoolKind : std::uint8_t { kAutomatic, kBtrfs, kDirectory };
[[nodiscard]] Result<PoolKind> parse_pool_kind(
    std::string_view text);  // "auto", "btrfs", "directory"

class LayerPool {
 public:
  LayerPool() = default;
  LayerPool(const LayerPool&) = delete;
  LayerPool& operator=(const LayerPool&) = delete;
  virtual ~LayerPool() = default;

  // Makes an empty layer whose upper/ holds work (0755) and tmp (01777). Without a limit the pool
  // alone bounds it. Fails when the pool cannot hold a limit that is asked for; then nothing is
  // left behind.
  [[nodiscard]] virtual Result<> create(const NodeId& sandbox, std::optional<Bytes> limit) = 0;

  // Removes a layer with all it holds. Succeeds when there is none.
  [[nodiscard]] virtual Result<> remove(const NodeId& sandbox) = 0;

  // Changes or lifts the limit of a layer. One that is full can only be mounted again after this.
  [[nodiscard]] virtual Result<> set_limit(const NodeId& sandbox, std::optional<Bytes> limit) = 0;

  // What the layer occupies, including what is only reserved yet for data in the page cache.
  [[nodiscard]] virtual Result<Bytes> usage(const NodeId& sandbox) const = 0;

  // Takes more room from the disk below when little is left. Cheap when there is enough.
  [[nodiscard]] virtual Result<> make_room() = 0;

  // Gives back what only serves to keep layers, mounts and loop devices, unless a layer is left.
  // Call it where open_layer_pool() was called: in the same mount namespace. No other function may
  // be called afterwards.
  [[nodiscard]] virtual Result<> close() = 0;

  // Why limits cannot be held here and how to change that; nothing when they are held exactly.
  [[nodiscard]] virtual std::optional<std::string> limits_missing() const = 0;

  // The block device whose queue the writes of sandboxes enter, for I/O limits. None on a file
  // system without one.
  [[nodiscard]] virtual std::optional<DeviceNumber> device() const = 0;

  // Which one this is: never kAutomatic.
  [[nodiscard]] virtual PoolKind kind() const noexcept = 0;

  // <state_directory>/sandboxes, and an open descriptor of it that the pool owns.
  [[nodiscard]] virtual const std::string& path() const noexcept = 0;
  [[nodiscard]] virtual int root() const noexcept = 0;

  // Makes, or makes anew, a file that everybody may read, beside upper/ and work/: on the host only
  // root comes there, and inside nobody, but where a plan mounts it.
  [[nodiscard]] Result<> write_file(const NodeId& sandbox, const char* name,
                                    std::string_view text) const;

  // The sandboxes that have a layer.
  [[nodiscard]] Result<std::vector<NodeId>> list() const;
};

// "layers/<sandbox>", below the root of the pool.
[[nodiscard]] std::string layer_path(const NodeId& sandbox);

// Makes what a new layer consists of below `layer`, an open directory.
[[nodiscard]] Result<> make_layer_directories(int layer);

// Opens the pool at <state_directory>/sandboxes, makes it first where there is none, and finds it
// again after a crash. Call it in the mount namespace of the host: the mount must outlive the
// engine.
[[nodiscard]] Result<std::unique_ptr<LayerPool>> open_layer_pool(const std::string& state_directory,
                                                                 PoolKind kind);

}  // namespace warren::rootfs
