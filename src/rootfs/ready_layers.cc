// SPDX-License-Identifier: Apache-2.0

#include "rootfs/ready_layers.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cstdint>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/worker_thread.h"
#include "rootfs/btrfs_volume.h"
#include "rootfs/directory_entries.h"
#include "rootfs/inode_numbers.h"
#include "rootfs/layer_pool.h"
#include "rootfs/pool_directories.h"

namespace warren::rootfs {
namespace {

// So that nothing in `upper`, nor `upper` itself, has them: src/rootfs/inode_numbers.h.
Result<> take_image_numbers(int layer) {
  for (int number = 0; number < kImageDirectories; ++number) {
    const std::string name = fmt::format("taken-{}", number);
    const auto made = os::call([&] { return ::mknodat(layer, name.c_str(), S_IFREG | 0600, 0); });
    WARREN_TRY(os::context(made, "making {}", name));
  }
  return {};
}

Result<> fill_layer(int layer) {
  WARREN_TRY(take_image_numbers(layer));
  return make_layer_directories(layer);
}

}  // namespace

Result<> make_layer_subvolume(int parent, const char* name) {
  WARREN_TRY(os::context(create_subvolume(parent, name), "making the layer {}", name));
  auto layer = os::context(os::open_at(parent, name, O_RDONLY | O_DIRECTORY), "opening it");
  auto made =
      layer ? fill_layer(layer->get()) : Result<>(std::unexpected(std::move(layer).error()));
  if (!made) std::ignore = destroy_subvolume(parent, name);  // The first error counts.
  return made;
}

Result<std::unique_ptr<ReadyLayers>> ReadyLayers::start(int root, std::size_t count) {
  auto directory = WARREN_TRY(open_pool_directory(root, "ready"));
  const auto left =
      WARREN_TRY(os::context(entry_names(directory.get(), "."), "listing ready layers"));
  for (const std::string& name : left) {
    WARREN_TRY(os::context(destroy_subvolume(directory.get(), name.c_str()),
                           "removing the ready layer {}", name));
  }
  return std::unique_ptr<ReadyLayers>(new ReadyLayers(std::move(directory), count));
}

ReadyLayers::ReadyLayers(os::UniqueFd directory, std::size_t count)
    : directory_(std::move(directory)),
      count_(count),
      maker_([this](const std::stop_token& stop) { keep_ready(stop); }) {}

ReadyLayers::~ReadyLayers() {
  maker_.request_stop();
  maker_.join();
  for (const std::string& name : ready_) {
    std::ignore = destroy_subvolume(directory_.get(), name.c_str());  // Else the next start does.
  }
}

os::KernelResult<bool> ReadyLayers::claim(int layers, const char* name) {
  std::string ready;
  {
    const std::scoped_lock lock(mutex_);
    // In batches, so that a burst of claims does not wake the maker each time.
    ++claims_;
    if (ready_.size() <= count_ / 2) short_of_ready_.notify_one();
    if (ready_.empty()) return false;
    ready = std::move(ready_.back());
    ready_.pop_back();
  }
  const auto moved = os::call(
      [&] { return ::renameat2(directory_.get(), ready.c_str(), layers, name, RENAME_NOREPLACE); });
  if (moved) return true;
  if (moved.error() == os::Errno{ENOENT}) return false;  // Somebody has tidied up below us.
  std::ignore = destroy_subvolume(directory_.get(), ready.c_str());
  return std::unexpected(moved.error());
}

void ReadyLayers::keep_ready(const std::stop_token& stop) {
  os::work_in_background();
  std::uint64_t next = 0;
  std::unique_lock lock(mutex_);
  const auto is_short = [this] { return ready_.size() < count_ && ready_.size() <= count_ / 2; };
  // At the end the wait says whether there is need, not whether there is still time.
  while (short_of_ready_.wait(lock, stop, is_short) && !stop.stop_requested()) {
    while (ready_.size() < count_ && !stop.stop_requested()) {
      lock.unlock();
      std::string name = std::to_string(next++);
      const auto made = make_layer_subvolume(directory_.get(), name.c_str());
      lock.lock();
      if (made) {
        ready_.push_back(std::move(name));
        continue;
      }
      // Whoever makes a layer next learns why, at first hand; by then it may work again.
      short_of_ready_.wait(lock, stop, [this, seen = claims_] { return claims_ != seen; });
    }
  }
}

}  // namespace warren::rootfs
