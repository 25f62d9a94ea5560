// SPDX-License-Identifier: Apache-2.0

#include "model/schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "tests/support/result_matchers.h"

namespace warren::model {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;
using namespace std::chrono_literals;
using std::chrono::local_days;
using std::chrono::sys_days;

constexpr auto kDay = 2027y / 7 / 18;
constexpr Timestamp kNow = sys_days(kDay) + 12h;

TEST(ParseSchedule, ReadsEveryUnitOfADuration) {
  const std::pair<const char*, Duration> forms[] = {
      {"45s", 45s},      {"30sec", 30s},   {"30secs", 30s},   {"1second", 1s},   {"2seconds", 2s},
      {"5m", 5min},      {"30min", 30min}, {"30mins", 30min}, {"1minute", 1min}, {"2minutes", 2min},
      {"1h", 1h},        {"1hour", 1h},    {"2hours", 2h},    {"2h30m", 150min}, {"0s", 0s},
      {"1h1m1s", 3661s}, {"1d", 24h},      {"1.5h", 90min},   {"250ms", 250ms},  {"90", 90s}};
  for (const auto& [text, duration] : forms) {
    EXPECT_EQ(parse_schedule(text), Schedule(duration)) << text;
  }
}

TEST(ParseSchedule, ReadsAnInstantOfAnyZone) {
  const Timestamp instant = sys_days(kDay) + 20h + 2min + 48s;
  for (const char* text :
       {"2027-07-18T20:02:48Z", "2027-07-18t20:02:48z", "2027-07-18 20:02:48Z",
        "2027-07-18T20:02:48.000+00:00", "2027-07-18T22:02:48+02:00", "2027-07-18T13:02:48-07:00",
        "2027-07-19T06:32:48+10:30", "2027-07-18T20:02:48-00:00"}) {
    EXPECT_EQ(parse_schedule(text), Schedule(instant)) << text;
  }
}

TEST(ParseSchedule, LeavesATimeWithoutZoneToItsReader) {
  EXPECT_EQ(parse_schedule("2027-07-18T20:02:48"), Schedule(local_days(kDay) + 20h + 2min + 48s));
  EXPECT_EQ(parse_schedule("2027-07-18 20:02:48.25"),
            Schedule(local_days(kDay) + 20h + 2min + 48s + 250ms));
}

TEST(ParseSchedule, CutsOffWhatIsFinerThanAMicrosecond) {
  EXPECT_EQ(parse_schedule("2027-07-18T00:00:00.1234567890123456789012Z"),
            Schedule(sys_days(kDay) + 123'456us));
}

TEST(ParseSchedule, KnowsTheLengthOfMonths) {
  EXPECT_TRUE(parse_schedule("2028-02-29T00:00:00Z").has_value());
  EXPECT_FALSE(parse_schedule("2027-02-29T00:00:00Z").has_value());
}

TEST(ParseSchedule, RefusesWhatIsNoDateAndTime) {
  for (const char* text : {"",
                           " ",
                           "tomorrow",
                           "2027-07-18",
                           "2027-07-18T20:02",
                           "2027-07-18T24:00:00Z",
                           "2027-07-18T23:60:00Z",
                           "2027-07-18T23:59:60Z",
                           "2027-04-31T00:00:00Z",
                           "2027-13-01T00:00:00Z",
                           "2027-00-01T00:00:00Z",
                           "2027-01-00T00:00:00Z",
                           "2027-07-18T20:02:48.Z",
                           "2027-07-18T20:02:48+2:00",
                           "2027-07-18T20:02:48+0200",
                           "2027-07-18T20:02:48+24:00",
                           "2027-07-18T20:02:48+02:60",
                           "2027-07-18T20:02:48Z ",
                           "2027-07-18T20:02:48Zz",
                           "27-07-18T20:02:48Z",
                           "12027-07-18T20:02:48Z",
                           "20:02:48",
                           "2027/07/18T20:02:48Z",
                           "-5s",
                           "+5s",
                           " 5s",
                           "-1"}) {
    EXPECT_THAT(parse_schedule(text), HoldsError(Errc::kInvalidArgument, HasSubstr("neither a")))
        << text;
  }
}

TEST(ParseSchedule, SaysWhatIsWrongWithADuration) {
  EXPECT_THAT(parse_schedule("5 parsecs"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("not a duration")));
  EXPECT_THAT(parse_schedule("30m2h"), HoldsError(Errc::kInvalidArgument, HasSubstr("shorter")));
  EXPECT_THAT(parse_schedule("40000d"), HoldsError(Errc::kInvalidArgument, HasSubstr("100 years")));
}

TEST(ResolveStart, CountsADurationFromNow) {
  EXPECT_EQ(resolve(Duration(45s), kNow), kNow + 45s);
}

TEST(ResolveStart, TakesNothingAsTooSoon) {
  EXPECT_EQ(resolve(Duration::zero(), kNow), kNow);
  EXPECT_EQ(resolve(kNow, kNow), kNow);
}

TEST(ResolveStart, RefusesThePastAndNamesIt) {
  EXPECT_THAT(resolve(kNow - 1us, kNow),
              HoldsError(Errc::kInvalidArgument, "2027-07-18T11:59:59.999999Z lies in the past"));
}

TEST(ResolveStart, RefusesNumbersThatAreNoTime) {
  EXPECT_THAT(resolve(Timestamp::min(), kNow),
              HoldsError(Errc::kInvalidArgument, HasSubstr("1970")));
  EXPECT_THAT(resolve(Timestamp::max(), kNow),
              HoldsError(Errc::kInvalidArgument, HasSubstr("100 years")));
}

TEST(ResolveStart, RefusesWhatNobodyLivesToSee) {
  EXPECT_THAT(resolve(sys_days(2127y / 8 / 1), kNow),
              HoldsError(Errc::kInvalidArgument, HasSubstr("100 years")));
}

}  // namespace
}  // namespace warren::model
