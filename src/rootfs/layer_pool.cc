// SPDX-License-Identifier: Apache-2.0

#include "rootfs/layer_pool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/btrfs_pool.h"
#include "rootfs/directory_entries.h"
#include "rootfs/directory_pool.h"
#include "rootfs/pool_directories.h"

namespace warren::rootfs {
namespace {

bool exists(const std::string& path) noexcept {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

std::string to_text(DeviceNumber device) {
  return fmt::format("{}:{}", device.major, device.minor);
}

std::string layer_path(const NodeId& sandbox) {
  return "layers/" + sandbox.to_text();
}

Result<> make_layer_directories(int layer) {
  struct Entry {
    const char* path;
    mode_t mode;
  };
  constexpr Entry kEntries[] = {
      {"upper", 0755}, {"work", 0700}, {"upper/work", 0755}, {"upper/tmp", 01777}};
  for (const auto& [path, mode] : kEntries) {
    const auto made = make_directory_exactly(layer, path, mode);
    if (!made) return os::context(made, "making {} of a layer", path);
  }
  return {};
}

Result<> LayerPool::write_file(const NodeId& sandbox, const char* name,
                               std::string_view text) const {
  constexpr mode_t kReadable = 0444;
  const std::string path = fmt::format("{}/{}", layer_path(sandbox), name);
  const auto file = WARREN_TRY(
      os::context(os::open_at(root(), path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, kReadable),
                  "making {}", path));
  // Whatever the umask is.
  WARREN_TRY(os::context(os::call([&] { return ::fchmod(file.get(), kReadable); }),
                         "opening {} to readers", path));
  return os::context(os::write_all(file.get(), std::as_bytes(std::span(text))), "writing {}", path);
}

Result<std::vector<NodeId>> LayerPool::list() const {
  const auto names = WARREN_TRY(os::context(entry_names(root(), "layers"), "listing layers"));
  std::vector<NodeId> sandboxes;
  for (const std::string& name : names) {
    if (const auto id = NodeId::parse(name)) sandboxes.push_back(*id);
  }
  return sandboxes;
}

Result<PoolKind> parse_pool_kind(std::string_view text) {
  if (text == "auto") return PoolKind::kAutomatic;
  if (text == "btrfs") return PoolKind::kBtrfs;
  if (text == "directory") return PoolKind::kDirectory;
  return fail(Errc::kInvalidArgument, "'{}' is no kind of disk pool: use auto, btrfs or directory",
              text);
}

Result<std::unique_ptr<LayerPool>> open_layer_pool(const std::string& state_directory,
                                                   PoolKind kind) {
  std::string reason = "the configuration asks for plain directories";
  if (kind != PoolKind::kDirectory) {
    // Looked at first: a pool that exists but does not open holds layers that must not be hidden.
    const bool must_open =
        kind == PoolKind::kBtrfs || exists(BtrfsPool::file_path(state_directory));
    auto pool = BtrfsPool::open(state_directory);
    if (pool) return *std::move(pool);
    if (must_open) return std::unexpected(std::move(pool).error());
    reason = std::move(pool).error().message;
  }
  return WARREN_TRY(DirectoryPool::open(state_directory, std::move(reason)));
}

}  // namespace warren::rootfs
