// SPDX-License-Identifier: Apache-2.0
//
// How long the other end of a transfer may be waited for: so long in a row, and no longer in all
// where it moves but a little now and then. What this end does meanwhile does not count. Pure.

#pragma once

#include <chrono>
#include <cstddef>

namespace warren {

class Pace {
 public:
  using Time = std::chrono::nanoseconds;
  static constexpr std::size_t kSlowest = 4096;  // Bytes a second.

  explicit Pace(Time most) noexcept : most_(most), left_(most) {}

  // How much longer it may be waited for now.
  [[nodiscard]] Time left() const noexcept;

  void waited(Time time) noexcept { left_ -= time; }
  // Gives back what so many bytes take at the slowest pace, up to `most`.
  void moved(std::size_t bytes) noexcept;

 private:
  Time most_;
  Time left_;
};

}  // namespace warren
