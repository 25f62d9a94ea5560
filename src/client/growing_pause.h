// SPDX-License-Identifier: Apache-2.0
//
// How long to wait before what has ended is started again: longer each time, until it has lived for
// a while. Pure.

#pragma once

#include <algorithm>
#include <chrono>

namespace warren::client {

class GrowingPause {
 public:
  using Duration = std::chrono::milliseconds;
  static constexpr Duration kFirst{100};
  static constexpr Duration kLongest{30'000};
  static constexpr Duration kEnough{60'000};  // What lived as long begins anew.

  // The pause after something that has lived for `lifetime`.
  [[nodiscard]] Duration after(Duration lifetime) noexcept {
    if (lifetime >= kEnough) next_ = kFirst;
    const Duration pause = next_;
    next_ = std::min(next_ * 2, kLongest);
    return pause;
  }

 private:
  Duration next_ = kFirst;
};

}  // namespace warren::client
