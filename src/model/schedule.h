// SPDX-License-Identifier: Apache-2.0
//
// When a job is to start, as people write it. Pure: the zone of a local time and the present moment
// are the caller's.

#pragma once

#include <string_view>
#include <variant>

#include "base/duration.h"
#include "base/result.h"

namespace warren::model {

// So long from now, or at one instant.
using Start = std::variant<Duration, Timestamp>;

// A start, or a date and time whose zone the text leaves to its reader.
using Schedule = std::variant<Duration, Timestamp, LocalTimestamp>;

// Reads what parse_duration() reads, and RFC 3339: "2027-07-18T20:02:48.5-07:00", with 't', 'z' or
// a blank for the 'T' as well. Without a zone at the end it is a local time. What is finer than a
// microsecond is cut off; the sixty-first second of a minute is refused.
[[nodiscard]] Result<Schedule> parse_schedule(std::string_view text);

// The instant that `start` means at the moment `now`. Fails when it lies in the past or more than
// 100 years ahead, whatever number it is.
[[nodiscard]] Result<Timestamp> resolve(const Start& start, Timestamp now);

}  // namespace warren::model
