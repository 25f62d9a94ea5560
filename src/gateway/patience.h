// SPDX-License-Identifier: Apache-2.0
//
// How much is borne of something that an honest client does now and then and another as fast as it
// can write (CVE-2023-44487): some at once, and so much a second. Pure.

#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

namespace warren::gateway {

class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Measure {
    std::size_t at_once;
    std::size_t per_second;  // At least 1.
  };
  static constexpr Measure kEndless{.at_once = std::numeric_limits<std::size_t>::max(),
                                    .per_second = 1};

  Patience(Measure measure, Time now) noexcept
      : measure_(measure), left_(measure.at_once), counted_(now) {}

  // Whether one more is borne.
  [[nodiscard]] bool spend(Time now) noexcept;

  // Some of what was spent has turned out to be harmless.
  void give_back(std::size_t count) noexcept;

  // Whether nothing is spent any more.
  [[nodiscard]] bool is_whole(Time now) noexcept;

 private:
  void earn(Time now) noexcept;

  Measure measure_;
  std::size_t left_;
  Time counted_;  // When `left_` was right.
};

}  // namespace warren::gateway
