// SPDX-License-Identifier: Apache-2.0

#include "base/pace.h"

#include <algorithm>
#include <cstdint>

namespace warren {

Pace::Time Pace::left() const noexcept {
  return std::max(left_, Time::zero());
}

void Pace::moved(std::size_t bytes) noexcept {
  constexpr Time kOfOne = Time(std::chrono::seconds(1)) / static_cast<std::int64_t>(kSlowest);
  // More than that gives back all there is.
  const auto enough = static_cast<std::size_t>(most_ / kOfOne) + 1;
  const auto counted = static_cast<std::int64_t>(std::min(bytes, enough));
  left_ = std::min(most_, left() + kOfOne * counted);
}

}  // namespace warren
