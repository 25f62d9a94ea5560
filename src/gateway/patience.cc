// SPDX-License-Identifier: Apache-2.0

#include "gateway/patience.h"

#include <algorithm>

namespace warren::gateway {

bool Patience::spend(Time now) noexcept {
  constexpr auto kForOne = std::chrono::nanoseconds(std::chrono::seconds(1)) / kPerSecond;
  const auto earned = (now - counted_) / kForOne;
  counted_ += earned * kForOne;
  left_ = std::min(left_ + static_cast<std::size_t>(earned), kAtOnce);
  if (left_ == 0) return false;
  --left_;
  return true;
}

}  // namespace warren::gateway
