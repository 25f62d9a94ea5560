// SPDX-License-Identifier: Apache-2.0

#include "gateway/line_limit.h"

#include <utility>

namespace warren::gateway {

std::optional<std::size_t> LineLimit::admit(Time now) noexcept {
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    written_ = 0;
  }
  if (written_ == kLinesPerSecond) {
    ++dropped_;
    return std::nullopt;
  }
  ++written_;
  return std::exchange(dropped_, 0);
}

}  // namespace warren::gateway
