// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstddef>

#include "os/unique_fd.h"
#include "plan/op.h"

namespace warren::init {

// The descriptors a plan speaks of. A slot that was never filled reads as -1, which every system
// call refuses with EBADF: a plan that uses it fails at that step.
class Slots {
 public:
  [[nodiscard]] int get(plan::Slot slot) const noexcept {
    return is_valid(slot) ? fds_[index(slot)].get() : -1;
  }
  void put(plan::Slot slot, os::UniqueFd fd) noexcept {
    if (is_valid(slot)) fds_[index(slot)] = static_cast<os::UniqueFd&&>(fd);
  }
  [[nodiscard]] os::UniqueFd take(plan::Slot slot) noexcept {
    return is_valid(slot) ? static_cast<os::UniqueFd&&>(fds_[index(slot)]) : os::UniqueFd();
  }
  void close(plan::Slot first, std::size_t count) noexcept {
    for (std::size_t slot = index(first); slot < index(first) + count && slot < fds_.size();
         ++slot) {
      fds_[slot].reset();
    }
  }

 private:
  static bool is_valid(plan::Slot slot) noexcept {
    return slot > plan::Slot::kNone && index(slot) < plan::kSlotCount;
  }
  static std::size_t index(plan::Slot slot) noexcept { return static_cast<std::size_t>(slot); }

  std::array<os::UniqueFd, plan::kSlotCount> fds_;
};

}  // namespace warren::init
