// SPDX-License-Identifier: Apache-2.0

#include "os/local_time.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

namespace warren::os {
namespace {

using std::chrono::sys_seconds;

// mktime() changes what it is given to what the clock shows then.
struct Reading {
  sys_seconds at;
  std::tm shown;
};

std::tm fields_of(std::chrono::local_seconds local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(local - day);
  std::tm fields{};
  fields.tm_year = static_cast<int>(date.year()) - 1900;
  fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  fields.tm_hour = static_cast<int>(clock.hours().count());
  fields.tm_min = static_cast<int>(clock.minutes().count());
  fields.tm_sec = static_cast<int>(clock.seconds().count());
  return fields;
}

// As if summer time were in force, or were not.
std::optional<Reading> read_clock(std::tm fields, int is_summer) {
  constexpr int kUnset = -1;
  fields.tm_isdst = is_summer;
  fields.tm_wday = kUnset;  // -1 is also a time: only a failure leaves this as it is.
  const std::time_t seconds = std::mktime(&fields);
  if (fields.tm_wday == kUnset) return std::nullopt;
  return Reading{sys_seconds(std::chrono::seconds(seconds)), fields};
}

bool shows(const Reading& reading, const std::tm& wanted) {
  const std::tm& shown = reading.shown;
  return shown.tm_year == wanted.tm_year && shown.tm_mon == wanted.tm_mon &&
         shown.tm_mday == wanted.tm_mday && shown.tm_hour == wanted.tm_hour &&
         shown.tm_min == wanted.tm_min && shown.tm_sec == wanted.tm_sec;
}

// The one that shows `wanted`, and of two the first. Where none does, the clock leaves that time
// out: the last is what it would be if nothing had been turned. Ireland's summer time, by its law,
// is the usual one.
sys_seconds choose(const Reading& winter, const Reading& summer, const std::tm& wanted) {
  const bool is_winter = shows(winter, wanted);
  if (is_winter != shows(summer, wanted)) return is_winter ? winter.at : summer.at;
  return is_winter ? std::min(winter.at, summer.at) : std::max(winter.at, summer.at);
}

}  // namespace

Result<Timestamp> to_timestamp(LocalTimestamp local) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(local);
  const std::tm wanted = fields_of(whole);
  const std::optional<Reading> winter = read_clock(wanted, 0);
  const std::optional<Reading> summer = read_clock(wanted, 1);
  if (!winter || !summer) return fail(Errc::kInvalidArgument, "this machine has no such time");
  return choose(*winter, *summer, wanted) + (local - whole);
}

}  // namespace warren::os
