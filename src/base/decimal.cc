// SPDX-License-Identifier: Apache-2.0

#include "base/decimal.h"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace warren {
namespace {

constexpr std::size_t kFractionDigits = 6;
constexpr std::uint64_t kMillion = 1'000'000;

std::size_t count_digits(std::string_view text) noexcept {
  const std::size_t end = text.find_first_not_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

// At most kFractionDigits digits, read as if padded on the right with zeros.
std::uint32_t millionths(std::string_view digits) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kFractionDigits; ++i) {
    const char digit = i < digits.size() ? digits[i] : '0';
    value = value * 10 + static_cast<std::uint32_t>(digit - '0');
  }
  return value;
}

}  // namespace

std::optional<Decimal> take_decimal(std::string_view& text) noexcept {
  const std::string_view whole = text.substr(0, count_digits(text));
  Decimal number;
  const auto parsed = std::from_chars(whole.data(), whole.data() + whole.size(), number.whole);
  if (parsed.ec != std::errc()) return std::nullopt;

  std::string_view rest = text.substr(whole.size());
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::size_t digits = count_digits(rest);
    if (digits == 0 || digits > kFractionDigits) return std::nullopt;
    number.has_fraction = true;
    number.millionths = millionths(rest.substr(0, digits));
    rest.remove_prefix(digits);
  }
  text = rest;
  return number;
}

std::optional<std::uint64_t> scale(const Decimal& number, std::uint64_t unit,
                                   std::uint64_t limit) noexcept {
  if (number.whole > limit / unit) return std::nullopt;
  const std::uint64_t whole = number.whole * unit;
  const std::uint64_t fraction =
      number.millionths * unit / kMillion;  // Below 2^60 before dividing.
  if (fraction > limit - whole) return std::nullopt;
  return whole + fraction;
}

}  // namespace warren
