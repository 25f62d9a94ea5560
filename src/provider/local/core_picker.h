// SPDX-License-Identifier: Apache-2.0
//
// Which cores a command is bound to when it may use less than all of them, so that what it counts
// (nproc, sched_getaffinity(2)) is what it gets. The least used cores come first.

#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "model/limits.h"

namespace warren::provider {

class CorePicker {
 public:
  // `available`: the cores this program may use itself, sorted.
  explicit CorePicker(std::vector<std::uint32_t> available);

  // Empty when `limits` leaves the command all cores of `available`. Give them back with release().
  [[nodiscard]] std::vector<std::uint32_t> pick(const model::Limits& limits);
  // Counts again what an earlier engine had picked; the cores that this one does not have are left
  // out of the result, which is to be given back.
  [[nodiscard]] std::vector<std::uint32_t> pick_again(std::vector<std::uint32_t> cores);
  void release(const std::vector<std::uint32_t>& cores);

 private:
  std::mutex mutex_;
  std::vector<std::uint32_t> available_;
  std::vector<std::uint32_t> users_;  // Of each core, by its number.
};

// The cores of the calling thread: sched_getaffinity(2).
[[nodiscard]] std::vector<std::uint32_t> own_cores();

}  // namespace warren::provider
