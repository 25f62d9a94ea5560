// SPDX-License-Identifier: Apache-2.0
//
// Lengths of time as people write them. One parser serves every face and configuration file.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren {

using Duration = std::chrono::milliseconds;

// A point of the wall clock, counted from 1970-01-01T00:00:00Z without leap seconds.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

// A date and time as a clock on some wall shows them: no point of time before its zone is known.
using LocalTimestamp = std::chrono::local_time<std::chrono::microseconds>;

// Reads "10s", "5min", "2h30m", "1hour", "45sec", "1.5h", "250ms", "1d", and a bare number of
// seconds. Units: ms; s, sec(s), second(s); m, min(s), minute(s); h, hr(s), hour(s); d, day(s).
// What is finer than a millisecond is cut off. Fails on a sign, an unknown or repeated unit, units
// in rising order, and on more than 100 years.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The exact form that parse_duration() reads back, from days down to the second and its fraction:
// "2h30m", "1.5s", "250ms", "0s". A negative one, which no parser reads, has a "-" in front.
[[nodiscard]] std::string to_text(Duration duration);

// RFC 3339 in UTC with as many digits of the second as it needs: "2026-11-20T08:00:00.25Z".
[[nodiscard]] std::string to_rfc3339(Timestamp time);

}  // namespace warren
