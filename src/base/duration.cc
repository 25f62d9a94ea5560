// SPDX-License-Identifier: Apache-2.0

#include "base/duration.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/decimal.h"
#include "base/quote.h"

namespace warren {
namespace {

constexpr std::uint64_t kSecond = 1000;
constexpr std::uint64_t kMinute = 60 * kSecond;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;
constexpr std::uint64_t kLongest = 36'525 * kDay;  // 100 years.

struct Unit {
  std::string_view name;
  std::uint64_t milliseconds;
};

constexpr std::array kUnits{
    Unit{"ms", 1},           Unit{"s", kSecond},       Unit{"sec", kSecond},
    Unit{"secs", kSecond},   Unit{"second", kSecond},  Unit{"seconds", kSecond},
    Unit{"m", kMinute},      Unit{"min", kMinute},     Unit{"mins", kMinute},
    Unit{"minute", kMinute}, Unit{"minutes", kMinute}, Unit{"h", kHour},
    Unit{"hr", kHour},       Unit{"hrs", kHour},       Unit{"hour", kHour},
    Unit{"hours", kHour},    Unit{"d", kDay},          Unit{"day", kDay},
    Unit{"days", kDay},
};

// Takes a unit's name from the front of `text`.
std::optional<std::uint64_t> take_unit(std::string_view& text) noexcept {
  const auto length = static_cast<std::size_t>(
      std::ranges::find_if_not(text, [](char c) { return c >= 'a' && c <= 'z'; }) - text.begin());
  const auto* const unit = std::ranges::find(kUnits, text.substr(0, length), &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  text.remove_prefix(length);
  return unit->milliseconds;
}

struct Part {
  std::uint64_t unit;
  std::optional<std::uint64_t> milliseconds;  // Nothing: longer than the longest duration.
};

// Takes one "2h" from the front of `rest`.
std::optional<Part> take_part(std::string_view& rest) noexcept {
  const std::optional<Decimal> number = take_decimal(rest);
  if (!number) return std::nullopt;
  const std::optional<std::uint64_t> unit = take_unit(rest);
  if (!unit) return std::nullopt;
  return Part{*unit, scale(*number, *unit, kLongest)};
}

std::optional<std::uint64_t> parse_bare_seconds(std::string_view text) noexcept {
  const std::optional<Decimal> number = take_decimal(text);
  if (!number || !text.empty()) return std::nullopt;
  return scale(*number, kSecond, kLongest).value_or(kLongest + 1);
}

Result<Duration> checked(std::string_view text, std::uint64_t milliseconds) {
  if (milliseconds > kLongest) {
    return fail(Errc::kInvalidArgument, "{} is more than 100 years", quote(text));
  }
  return Duration(milliseconds);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (const auto seconds = parse_bare_seconds(text)) return checked(text, *seconds);

  std::string_view rest = text;
  std::uint64_t total = 0;
  std::uint64_t last_unit = kDay + 1;
  do {
    const std::optional<Part> part = take_part(rest);
    if (!part) {
      return fail(Errc::kInvalidArgument, "{} is not a duration such as 10s, 5min or 2h30m",
                  quote(text));
    }
    if (part->unit >= last_unit) {
      return fail(Errc::kInvalidArgument, "{} must go from longer to shorter units", quote(text));
    }
    last_unit = part->unit;
    // At most five parts, each at most kLongest + 1: the sum cannot overflow.
    total += part->milliseconds.value_or(kLongest + 1);
  } while (!rest.empty());
  return checked(text, total);
}

std::string to_text(Duration duration) {
  const bool negative = duration.count() < 0;
  // Unsigned negation, because the most negative count has no positive counterpart.
  const auto count = static_cast<std::uint64_t>(duration.count());
  std::uint64_t rest = negative ? 0 - count : count;
  std::string out = negative ? "-" : "";
  if (rest == 0) return "0s";
  if (rest < kSecond) return fmt::format("{}{}ms", out, rest);

  constexpr std::array kLongUnits{Unit{"d", kDay}, Unit{"h", kHour}, Unit{"m", kMinute}};
  for (const Unit& unit : kLongUnits) {
    if (rest >= unit.milliseconds) out += fmt::format("{}{}", rest / unit.milliseconds, unit.name);
    rest %= unit.milliseconds;
  }
  if (rest == 0) return out;
  out += fmt::format("{}.{:03}", rest / kSecond, rest % kSecond);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out + "s";
}

std::string to_rfc3339(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string out = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
      clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out + "Z";
}

}  // namespace warren
