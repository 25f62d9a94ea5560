// SPDX-License-Identifier: Apache-2.0

#include "base/size.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/decimal.h"
#include "base/quote.h"

namespace warren {
namespace {

constexpr std::uint64_t kMaxBytes = std::numeric_limits<std::int64_t>::max();

struct Unit {
  char letter;
  std::uint64_t bytes;
};

constexpr std::array kUnits{
    Unit{'T', std::uint64_t{1} << 40},
    Unit{'G', std::uint64_t{1} << 30},
    Unit{'M', std::uint64_t{1} << 20},
    Unit{'K', std::uint64_t{1} << 10},
};

constexpr char to_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, to_upper, to_upper);
}

std::optional<std::uint64_t> unit_of(std::string_view suffix, BareNumber bare) noexcept {
  if (suffix.empty()) return bare == BareNumber::kBytes ? 1 : std::uint64_t{1} << 20;
  if (equals_ignoring_case(suffix, "B")) return 1;
  const std::string_view tail = suffix.substr(1);
  if (!tail.empty() && !equals_ignoring_case(tail, "B") && !equals_ignoring_case(tail, "iB")) {
    return std::nullopt;
  }
  const auto* const unit = std::ranges::find(kUnits, to_upper(suffix.front()), &Unit::letter);
  if (unit == kUnits.end()) return std::nullopt;
  return unit->bytes;
}

}  // namespace

Result<Bytes> parse_size(std::string_view text, BareNumber bare) {
  std::string_view suffix = text;
  const std::optional<Decimal> number = take_decimal(suffix);
  if (!number) {
    return fail(Errc::kInvalidArgument, "{} is not a size such as 512K, 64M or 1.5G", quote(text));
  }
  const std::optional<std::uint64_t> unit = unit_of(suffix, bare);
  if (!unit) {
    return fail(Errc::kInvalidArgument, "{} has an unknown unit {}: use K, M, G or T", quote(text),
                quote(suffix));
  }
  if (number->has_fraction && *unit == 1) {
    return fail(Errc::kInvalidArgument, "{} is not a whole number of bytes", quote(text));
  }
  const std::optional<std::uint64_t> bytes = scale(*number, *unit, kMaxBytes);
  if (!bytes) return fail(Errc::kInvalidArgument, "{} is more than 2^63 - 1 bytes", quote(text));
  return Bytes{*bytes};
}

std::string to_text(Bytes size) {
  for (const Unit& unit : kUnits) {
    if (size.value != 0 && size.value % unit.bytes == 0) {
      return fmt::format("{}{}", size.value / unit.bytes, unit.letter);
    }
  }
  return fmt::format("{}", size.value);
}

}  // namespace warren
