// SPDX-License-Identifier: Apache-2.0
//
// Unsigned decimal numbers as the parsers of sizes and durations meet them. No sign, no exponent,
// no white space, and no rounding through floating point.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace warren {

struct Decimal {
  std::uint64_t whole = 0;
  std::uint32_t millionths = 0;
  bool has_fraction = false;  // A point was written, even if only zeros follow it.
};

// Takes "12" or "1.5" from the front of `text`. Nothing, and `text` unchanged, when it does not
// start with a digit, a point has no digit behind it, the whole part exceeds 64 bits, or the
// fraction has more than six digits.
[[nodiscard]] std::optional<Decimal> take_decimal(std::string_view& text) noexcept;

// `number` times `unit`, rounded down; nothing above `limit`. `unit` is 1 to 2^40.
[[nodiscard]] std::optional<std::uint64_t> scale(const Decimal& number, std::uint64_t unit,
                                                 std::uint64_t limit) noexcept;

}  // namespace warren
