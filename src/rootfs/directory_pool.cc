// SPDX-License-Identifier: Apache-2.0

#include "rootfs/directory_pool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/directory_entries.h"
#include "rootfs/pool_directories.h"

namespace warren::rootfs {
namespace {

constexpr std::uint64_t kStatBlock = 512;  // The unit of st_blocks, whatever the file system.

// Adds up the files of a tree. It descends with one descriptor a level, which is why a layer that
// nests deeper than the descriptors reach is an error rather than a wrong number.
os::KernelResult<std::uint64_t> occupied_bytes(int directory, const char* name) {
  std::uint64_t total = 0;
  const os::UniqueFd tree = WARREN_TRY(os::open_at(directory, name, O_RDONLY | O_DIRECTORY));
  for (const std::string& entry : WARREN_TRY(entry_names(tree.get(), "."))) {
    struct stat status {};
    if (::fstatat(tree.get(), entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
    total += static_cast<std::uint64_t>(status.st_blocks) * kStatBlock;
    if (S_ISDIR(status.st_mode)) total += WARREN_TRY(occupied_bytes(tree.get(), entry.c_str()));
  }
  return total;
}

}  // namespace

Result<std::unique_ptr<DirectoryPool>> DirectoryPool::open(const std::string& state_directory,
                                                           std::string reason) {
  std::unique_ptr<DirectoryPool> pool(new DirectoryPool);
  pool->path_ = state_directory + "/sandboxes";
  pool->reason_ = std::move(reason);
  pool->root_ = WARREN_TRY(open_private_directory(pool->path_));
  pool->layers_ = WARREN_TRY(open_layers(pool->root_.get()));
  pool->device_ = device_of(pool->root_.get());
  return pool;
}

Result<> DirectoryPool::create(const NodeId& sandbox, std::optional<Bytes> limit) {
  if (limit) return fail(Errc::kFailedPrecondition, "{}", why_no_limits());
  const std::string name = sandbox.to_text();
  WARREN_TRY(os::context(os::make_directory(layers_.get(), name.c_str(), 0700),
                         "making the layer of {}", name));
  auto layer = os::context(os::open_at(layers_.get(), name.c_str(), O_RDONLY | O_DIRECTORY),
                           "opening the layer of {}", name);
  auto made = layer ? make_layer_directories(layer->get())
                    : Result<>(std::unexpected(std::move(layer).error()));
  if (!made) std::ignore = remove_tree(layers_.get(), name.c_str());  // The first error counts.
  return made;
}

Result<> DirectoryPool::remove(const NodeId& sandbox) {
  const std::string name = sandbox.to_text();
  return os::context(remove_tree(layers_.get(), name.c_str()), "removing the layer of {}", name);
}

Result<> DirectoryPool::set_limit(const NodeId&, std::optional<Bytes> limit) {
  if (limit) return fail(Errc::kFailedPrecondition, "{}", why_no_limits());
  return {};
}

Result<Bytes> DirectoryPool::usage(const NodeId& sandbox) const {
  const std::string name = sandbox.to_text();
  return Bytes{WARREN_TRY(
      os::context(occupied_bytes(layers_.get(), name.c_str()), "measuring the layer of {}", name))};
}

std::optional<std::string> DirectoryPool::limits_missing() const {
  return why_no_limits();
}

std::string DirectoryPool::why_no_limits() const {
  return fmt::format("disk limits need a btrfs pool, and {}", reason_);
}

}  // namespace warren::rootfs
