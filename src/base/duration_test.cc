// SPDX-License-Identifier: Apache-2.0

#include "base/duration.h"

#include <gtest/gtest.h>

#include <limits>

namespace warren {
namespace {

using namespace std::chrono_literals;
using std::string_view_literals::operator""sv;

TEST(ParseDuration, ReadsEveryForm) {
  const struct {
    std::string_view text;
    Duration duration;
  } cases[] = {
      {"0", 0s},
      {"0s", 0s},
      {"10", 10s},
      {"1.5", 1500ms},
      {"10s", 10s},
      {"45sec", 45s},
      {"45secs", 45s},
      {"1second", 1s},
      {"2seconds", 2s},
      {"5m", 5min},
      {"5min", 5min},
      {"30min", 30min},
      {"5mins", 5min},
      {"1minute", 1min},
      {"2minutes", 2min},
      {"1h", 1h},
      {"1hr", 1h},
      {"2hrs", 2h},
      {"1hour", 1h},
      {"2hours", 2h},
      {"1d", 24h},
      {"1day", 24h},
      {"2days", 48h},
      {"250ms", 250ms},
      {"1.5h", 90min},
      {"2h30m", 150min},
      {"1hour30min", 90min},
      {"1d2h3m4s5ms", 26h + 3min + 4s + 5ms},
      {"0.0019s", 1ms},
      {"36525d", 36525 * 24h},
  };
  for (const auto& c : cases) {
    const auto duration = parse_duration(c.text);
    ASSERT_TRUE(duration) << c.text << ": " << duration.error().message;
    EXPECT_EQ(*duration, c.duration) << c.text;
  }
}

TEST(ParseDuration, RejectsWhatIsNoDuration) {
  for (const std::string_view text :
       {"",    "s",   "-1s",  "+1s",   " 1s",    "1s ",  "1 s",   "1x",
        "1S",  "1w",  "2h30", "1h1h",  "5m5min", "1s1h", "1ms1s", "1h-5m",
        ".5h", "1.h", "1e3s", "0x10s", "inf",    "nan",  "1:30",  "\xff"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(parse_duration("1\0s"sv));
}

TEST(ParseDuration, RejectsMoreThanAHundredYears) {
  for (const std::string_view text :
       {"36525d1ms", "36526d", "3155760001", "18446744073709551615d", "18446744073709551615ms",
        "18446744073709551616s", "36525d876600h52596000m", "99999999999999999999"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  EXPECT_EQ(parse_duration("4000000000").error().message, "'4000000000' is more than 100 years");
}

TEST(DurationToText, IsReadBackExactly) {
  const struct {
    Duration duration;
    std::string_view text;
  } cases[] = {
      {0ms, "0s"},
      {250ms, "250ms"},
      {1500ms, "1.5s"},
      {10s, "10s"},
      {90s, "1m30s"},
      {150min, "2h30m"},
      {24h, "1d"},
      {100h, "4d4h"},
      {1h + 5ms, "1h0.005s"},
      {36525 * 24h, "36525d"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(to_text(c.duration), c.text);
    EXPECT_EQ(parse_duration(c.text), c.duration) << c.text;
  }
}

TEST(DurationToText, MarksNegativeOnes) {
  EXPECT_EQ(to_text(-90s), "-1m30s");
  EXPECT_EQ(to_text(Duration::min()), "-106751991167d7h12m55.808s");
}

TEST(ToRfc3339, WritesOnlyTheDigitsItNeeds) {
  const std::chrono::sys_days day = std::chrono::year(2026) / 11 / 20;
  EXPECT_EQ(to_rfc3339(day + 8h), "2026-11-20T08:00:00Z");
  EXPECT_EQ(to_rfc3339(day + 8h + 250ms), "2026-11-20T08:00:00.25Z");
  EXPECT_EQ(to_rfc3339(day + 23h + 59min + 59s + 999'999us), "2026-11-20T23:59:59.999999Z");
}

TEST(ToRfc3339, HoldsBeforeTheEpoch) {
  EXPECT_EQ(to_rfc3339(Timestamp(0us)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(Timestamp(-1us)), "1969-12-31T23:59:59.999999Z");
}

}  // namespace
}  // namespace warren
