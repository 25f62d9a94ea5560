// SPDX-License-Identifier: Apache-2.0

#include "os/local_time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace warren::os {
namespace {

using namespace std::chrono_literals;
using std::chrono::local_days;

// Rules as TZ itself writes them, so that no test needs the host's database of zones.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
constexpr const char* kLosAngeles = "PST8PDT,M3.2.0,M11.1.0";
constexpr const char* kDublin = "IST-1GMT0,M10.5.0,M3.5.0/1";  // Its winter time is the other one.
constexpr const char* kLordHowe = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";

class LocalTime : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* const zone = std::getenv("TZ")) former_ = zone;
  }
  void TearDown() override {
    if (former_) {
      ::setenv("TZ", former_->c_str(), 1);
    } else {
      ::unsetenv("TZ");
    }
    ::tzset();
  }

  [[nodiscard]] static std::string instant(const char* zone, LocalTimestamp local) {
    ::setenv("TZ", zone, 1);
    const Result<Timestamp> at = to_timestamp(local);
    return at ? to_rfc3339(*at) : at.error().message;
  }

 private:
  std::optional<std::string> former_;
};

TEST_F(LocalTime, FollowsTheZoneInSummerAndInWinter) {
  EXPECT_EQ(instant(kBerlin, local_days(2027y / 7 / 18) + 20h + 2min + 48s),
            "2027-07-18T18:02:48Z");
  EXPECT_EQ(instant(kBerlin, local_days(2027y / 1 / 18) + 20h), "2027-01-18T19:00:00Z");
  EXPECT_EQ(instant(kLosAngeles, local_days(2027y / 7 / 18) + 20h), "2027-07-19T03:00:00Z");
  EXPECT_EQ(instant(kDublin, local_days(2027y / 7 / 18) + 20h), "2027-07-18T19:00:00Z");
  EXPECT_EQ(instant(kDublin, local_days(2027y / 1 / 18) + 20h), "2027-01-18T20:00:00Z");
  EXPECT_EQ(instant("UTC0", local_days(2027y / 7 / 18) + 20h), "2027-07-18T20:00:00Z");
}

TEST_F(LocalTime, KeepsTheFraction) {
  EXPECT_EQ(instant(kBerlin, local_days(2027y / 7 / 18) + 250ms), "2027-07-17T22:00:00.25Z");
}

TEST_F(LocalTime, TakesTheFirstOfTwoHours) {
  EXPECT_EQ(instant(kBerlin, local_days(2027y / 10 / 31) + 2h + 30min), "2027-10-31T00:30:00Z");
  EXPECT_EQ(instant(kLosAngeles, local_days(2027y / 11 / 7) + 1h + 30min), "2027-11-07T08:30:00Z");
  EXPECT_EQ(instant(kLordHowe, local_days(2027y / 4 / 4) + 1h + 45min), "2027-04-03T14:45:00Z");
  EXPECT_EQ(instant(kDublin, local_days(2027y / 10 / 31) + 1h + 30min), "2027-10-31T00:30:00Z");
}

TEST_F(LocalTime, MovesATimeThatIsLeftOutBehindTheGap) {
  EXPECT_EQ(instant(kBerlin, local_days(2027y / 3 / 28) + 2h + 30min), "2027-03-28T01:30:00Z");
  EXPECT_EQ(instant(kLosAngeles, local_days(2027y / 3 / 14) + 2h + 30min), "2027-03-14T10:30:00Z");
  EXPECT_EQ(instant(kLordHowe, local_days(2027y / 10 / 3) + 2h + 15min), "2027-10-02T15:45:00Z");
  EXPECT_EQ(instant(kDublin, local_days(2027y / 3 / 28) + 1h + 30min), "2027-03-28T01:30:00Z");
}

TEST_F(LocalTime, KnowsTheSecondBeforeTheEpoch) {
  EXPECT_EQ(instant("UTC0", local_days(1970y / 1 / 1) - 1s), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace warren::os
