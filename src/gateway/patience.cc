// SPDX-License-Identifier: Apache-2.0

#include "gateway/patience.h"

#include <algorithm>
#include <cstdint>

namespace warren::gateway {

bool Patience::spend(Time now) noexcept {
  earn(now);
  if (left_ == 0) return false;
  --left_;
  return true;
}

void Patience::give_back(std::size_t count) noexcept {
  left_ += std::min(count, measure_.at_once - left_);
}

bool Patience::is_whole(Time now) noexcept {
  earn(now);
  return left_ == measure_.at_once;
}

void Patience::earn(Time now) noexcept {
  const auto for_one = std::chrono::nanoseconds(std::chrono::seconds(1)) /
                       static_cast<std::int64_t>(measure_.per_second);
  const auto earned = (now - counted_) / for_one;
  counted_ += earned * for_one;
  give_back(static_cast<std::size_t>(earned));
}

}  // namespace warren::gateway
