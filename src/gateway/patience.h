// SPDX-License-Identifier: Apache-2.0
//
// How many calls that come to nothing, refused or reset by the client, are borne of one connection:
// some at once, and so many a second. Each of them has cost the library as much as one that is
// answered, and a client can make them as fast as it can write (CVE-2023-44487). Pure.

#pragma once

#include <chrono>
#include <cstddef>

namespace warren::gateway {

class Patience {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kAtOnce = 256;
  static constexpr std::size_t kPerSecond = 100;

  explicit Patience(Time now) noexcept : counted_(now) {}

  // Whether one more is borne.
  [[nodiscard]] bool spend(Time now) noexcept;

 private:
  std::size_t left_ = kAtOnce;
  Time counted_;  // When `left_` was right.
};

}  // namespace warren::gateway
