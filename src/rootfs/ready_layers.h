// SPDX-License-Identifier: Apache-2.0
//
// Layers made ahead on a thread of their own: to claim one is a rename, a quarter of the time that
// it takes to make one. Thread-safe.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::rootfs {

class ReadyLayers {
 public:
  // Keeps up to `count` subvolumes in ready/ below `root`. Those that a dead engine has left there
  // are removed first: nobody knows how far it came with them.
  [[nodiscard]] static Result<std::unique_ptr<ReadyLayers>> start(int root, std::size_t count);

  ReadyLayers(const ReadyLayers&) = delete;
  ReadyLayers& operator=(const ReadyLayers&) = delete;
  ~ReadyLayers();  // Removes the layers that nobody claimed.

  // Moves one to `name` in the directory `layers`. False when none is ready: make one, then.
  [[nodiscard]] os::KernelResult<bool> claim(int layers, const char* name);

 private:
  ReadyLayers(os::UniqueFd directory, std::size_t count);

  void keep_ready(const std::stop_token& stop);

  const os::UniqueFd directory_;
  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable_any short_of_ready_;
  std::vector<std::string> ready_;  // Names in directory_.
  std::uint64_t claims_ = 0;        // Calls of claim().
  std::jthread maker_;              // Last, so that it ends before what it uses.
};

// A subvolume `name` in `parent` with the directories of a layer, or nothing.
[[nodiscard]] Result<> make_layer_subvolume(int parent, const char* name);

}  // namespace warren::rootfs
