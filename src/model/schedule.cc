// SPDX-License-Identifier: Apache-2.0

#include "model/schedule.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/quote.h"

namespace warren::model {
namespace {

using std::chrono::microseconds;
using std::chrono::minutes;

constexpr std::chrono::days kFarthest{36'525};  // 100 years.

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// Takes one of these characters from the front of `rest`.
std::optional<char> take_one_of(std::string_view characters, std::string_view& rest) noexcept {
  if (rest.empty() || !characters.contains(rest.front())) return std::nullopt;
  const char taken = rest.front();
  rest.remove_prefix(1);
  return taken;
}

// Takes exactly so many digits.
std::optional<int> take_digits(std::size_t count, std::string_view& rest) noexcept {
  if (rest.size() < count || !std::ranges::all_of(rest.substr(0, count), is_digit)) {
    return std::nullopt;
  }
  int number = 0;
  for (const char digit : rest.substr(0, count)) number = number * 10 + (digit - '0');
  rest.remove_prefix(count);
  return number;
}

// Takes two digits below `bound`.
std::optional<int> take_pair(int bound, std::string_view& rest) noexcept {
  const std::optional<int> number = take_digits(2, rest);
  return number && *number < bound ? number : std::nullopt;
}

// Takes a separator and two digits below `bound`.
std::optional<int> take_next_pair(char separator, int bound, std::string_view& rest) noexcept {
  if (!take_one_of({&separator, 1}, rest)) return std::nullopt;
  return take_pair(bound, rest);
}

std::optional<std::chrono::local_days> take_date(std::string_view& rest) noexcept {
  const std::optional<int> year = take_digits(4, rest);
  if (!year) return std::nullopt;
  const std::optional<int> month = take_next_pair('-', 13, rest);
  if (!month) return std::nullopt;
  const std::optional<int> day = take_next_pair('-', 32, rest);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  return date.ok() ? std::optional<std::chrono::local_days>(date) : std::nullopt;
}

// Takes ".5", or nothing, which is no fraction.
std::optional<microseconds> take_fraction(std::string_view& rest) noexcept {
  if (!take_one_of(".", rest)) return microseconds::zero();
  microseconds::rep unit = 1'000'000;
  microseconds::rep fraction = 0;
  std::size_t length = 0;
  for (; length < rest.size() && is_digit(rest[length]); ++length) {
    unit /= 10;  // Zero behind the sixth digit: the rest counts for nothing.
    fraction += unit * (rest[length] - '0');
  }
  rest.remove_prefix(length);
  return length > 0 ? std::optional(microseconds(fraction)) : std::nullopt;
}

std::optional<microseconds> take_time_of_day(std::string_view& rest) noexcept {
  const std::optional<int> hour = take_pair(24, rest);
  if (!hour) return std::nullopt;
  const std::optional<int> minute = take_next_pair(':', 60, rest);
  if (!minute) return std::nullopt;
  const std::optional<int> second = take_next_pair(':', 60, rest);
  if (!second) return std::nullopt;
  const std::optional<microseconds> fraction = take_fraction(rest);
  if (!fraction) return std::nullopt;
  return std::chrono::hours(*hour) + minutes(*minute) + std::chrono::seconds(*second) + *fraction;
}

// Takes "Z" or "+02:00": how far the clocks of that zone are ahead.
std::optional<minutes> take_offset(std::string_view& rest) noexcept {
  if (take_one_of("Zz", rest)) return minutes::zero();
  const std::optional<char> sign = take_one_of("+-", rest);
  if (!sign) return std::nullopt;
  const std::optional<int> hour = take_pair(24, rest);
  if (!hour) return std::nullopt;
  const std::optional<int> minute = take_next_pair(':', 60, rest);
  if (!minute) return std::nullopt;
  const minutes offset = std::chrono::hours(*hour) + minutes(*minute);
  return *sign == '-' ? -offset : offset;
}

std::optional<Schedule> parse_date_and_time(std::string_view text) noexcept {
  const std::optional<std::chrono::local_days> day = take_date(text);
  if (!day || !take_one_of("Tt ", text)) return std::nullopt;
  const std::optional<microseconds> time = take_time_of_day(text);
  if (!time) return std::nullopt;
  const LocalTimestamp local = *day + *time;
  if (text.empty()) return local;
  const std::optional<minutes> offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Timestamp(local.time_since_epoch() - *offset);
}

}  // namespace

Result<Schedule> parse_schedule(std::string_view text) {
  if (const std::optional<Schedule> time = parse_date_and_time(text)) return *time;
  // Its own reasons are of use only to somebody who meant a duration.
  const bool is_meant_as_duration =
      !text.empty() && is_digit(text.front()) && !text.contains('-') && !text.contains(':');
  if (is_meant_as_duration) return Schedule(WARREN_TRY(parse_duration(text)));
  return fail(Errc::kInvalidArgument,
              "{} is neither a duration such as 45s or 2h30m nor a time such as "
              "2027-07-18T20:02:48Z",
              quote(text));
}

Result<Timestamp> resolve(const Start& start, Timestamp now) {
  const auto* const after = std::get_if<Duration>(&start);
  const Timestamp at = after != nullptr ? now + *after : std::get<Timestamp>(start);
  if (at < Timestamp()) return fail(Errc::kInvalidArgument, "it lies before 1970");
  if (at < now) {
    return fail(Errc::kInvalidArgument, "{} lies in the past", to_rfc3339(at));
  }
  if (at > now + kFarthest) {
    return fail(Errc::kInvalidArgument, "it is more than 100 years ahead");
  }
  return at;
}

}  // namespace warren::model
