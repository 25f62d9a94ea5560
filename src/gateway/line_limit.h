// SPDX-License-Identifier: Apache-2.0
//
// How many lines a second may be said of what strangers do. Pure.

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace warren::gateway {

class LineLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kLinesPerSecond = 10;

  // Whether a line may be written now; then, how many were not since the last one that was.
  [[nodiscard]] std::optional<std::size_t> admit(Time now) noexcept;

 private:
  Time second_{};  // When the current second began.
  std::size_t written_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace warren::gateway
