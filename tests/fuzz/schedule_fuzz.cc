// SPDX-License-Identifier: Apache-2.0

#include "model/schedule.h"

#include <chrono>

#include "tests/fuzz/require.h"

namespace {

using warren::Duration;
using warren::LocalTimestamp;
using warren::Timestamp;
using warren::model::parse_schedule;
using warren::model::Schedule;

// Years that RFC 3339 can write: an offset leads out of them at both ends.
bool is_writable(Timestamp time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return date.year() >= std::chrono::year(0) && date.year() <= std::chrono::year(9999);
}

void check_instant(Timestamp time) {
  if (!is_writable(time)) return;
  warren::fuzz::require(parse_schedule(warren::to_rfc3339(time)) == Schedule(time));
}

void check_local(LocalTimestamp local) {
  std::string text = warren::to_rfc3339(Timestamp(local.time_since_epoch()));
  text.pop_back();  // The zone.
  warren::fuzz::require(parse_schedule(text) == Schedule(local));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_schedule(text);
  if (!parsed) return 0;
  if (const auto* after = std::get_if<Duration>(&*parsed)) {
    warren::fuzz::require(parse_schedule(warren::to_text(*after)) == Schedule(*after));
  } else if (const auto* at = std::get_if<Timestamp>(&*parsed)) {
    check_instant(*at);
  } else {
    check_local(std::get<LocalTimestamp>(*parsed));
  }
  return 0;
}
