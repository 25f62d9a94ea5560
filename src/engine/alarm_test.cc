// SPDX-License-Identifier: Apache-2.0

#include "engine/alarm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <vector>

#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kDeadline = 10s;

// A clock that stands still until a test sets it, far ahead of the machine's, so that the kernel's
// timer stays out of it.
class AlarmTest : public ::testing::Test {
 protected:
  AlarmTest() { EXPECT_TRUE(alarm_.open().has_value()); }

  void set(Duration after, std::uint64_t number) {
    alarm_.set(kStart + after, number, [this, number] { rung_.push_back(number); });
  }
  // As the kernel does it.
  void set_clock(Duration after) {
    now_ = kStart + after;
    alarm_.look();
  }
  void turn_loop() {
    loop_.restart();
    loop_.poll();
  }

  static constexpr Timestamp kStart = std::chrono::sys_days(2100y / 1 / 1);
  boost::asio::io_context loop_;
  Timestamp now_ = kStart;
  Clock clock_ = [this] { return now_; };
  std::vector<std::uint64_t> rung_;
  Alarm alarm_{loop_.get_executor(), clock_};
};

TEST_F(AlarmTest, RingsInTheOrderOfInstantsAndThenOfNumbers) {
  set(3s, 1);
  set(1s, 4);
  set(2s, 2);
  set(1s, 3);
  set_clock(2s);
  EXPECT_THAT(rung_, ElementsAre(3, 4, 2));
  set_clock(3s);
  EXPECT_THAT(rung_, ElementsAre(3, 4, 2, 1));
  EXPECT_EQ(alarm_.size(), 0U);
}

TEST_F(AlarmTest, RingsNothingAgainAfterTheClockWasSetBack) {
  set(10s, 1);
  set(20s, 2);
  set_clock(10s);
  set_clock(-1h);
  set_clock(10s);
  EXPECT_THAT(rung_, ElementsAre(1));
}

TEST_F(AlarmTest, WaitsForItsInstantOfAClockThatWasSetBack) {
  set(10s, 1);
  set_clock(-1h);
  turn_loop();
  EXPECT_THAT(rung_, IsEmpty());
  set_clock(10s);
  EXPECT_THAT(rung_, ElementsAre(1));
}

TEST_F(AlarmTest, RingsInALaterTurnWhatIsDueAlready) {
  set(-1s, 1);
  set(0s, 2);
  EXPECT_THAT(rung_, IsEmpty());
  turn_loop();
  EXPECT_THAT(rung_, ElementsAre(1, 2));
}

TEST_F(AlarmTest, DoesNotRingWhatWasCancelled) {
  set(1s, 1);
  set(2s, 2);
  set(-1s, 3);
  EXPECT_TRUE(alarm_.cancel(kStart + 1s, 1));
  EXPECT_TRUE(alarm_.cancel(kStart - 1s, 3));
  EXPECT_FALSE(alarm_.cancel(kStart + 1s, 1));
  turn_loop();
  set_clock(1h);
  EXPECT_THAT(rung_, ElementsAre(2));
  EXPECT_FALSE(alarm_.cancel(kStart + 2s, 2));
}

TEST_F(AlarmTest, LetsARingSetAndCancelOthers) {
  alarm_.set(kStart + 1s, 1, [this] {
    alarm_.cancel(kStart + 2s, 2);
    set(1s, 3);
    set(9s, 4);
  });
  set(2s, 2);
  set_clock(2s);
  EXPECT_THAT(rung_, ElementsAre(3));
  EXPECT_EQ(alarm_.size(), 1U);
}

TEST_F(AlarmTest, HoldsAHundredThousand) {
  constexpr std::uint64_t kMany = 100'000;
  for (std::uint64_t number = kMany; number > 0; --number) {
    set(std::chrono::milliseconds(number), number);
  }
  set_clock(1h);
  EXPECT_EQ(rung_.size(), kMany);
  EXPECT_TRUE(std::ranges::is_sorted(rung_));
}

TEST(AlarmOfThisMachine, RingsByItself) {
  boost::asio::io_context loop;
  const Clock clock = now;
  Alarm alarm(loop.get_executor(), clock);
  ASSERT_TRUE(alarm.open().has_value());
  const Timestamp at = now() + 50ms;
  Timestamp rung{};
  const auto ring = [&] {
    rung = now();
    loop.stop();
  };
  alarm.set(at + 1h, 1, ring);
  alarm.set(at, 2, ring);
  loop.run_for(kDeadline);
  EXPECT_GE(rung, at);
  EXPECT_EQ(alarm.size(), 1U);
}

TEST(AlarmOfThisMachine, RingsTheSecondAfterTheFirst) {
  boost::asio::io_context loop;
  const Clock clock = now;
  Alarm alarm(loop.get_executor(), clock);
  ASSERT_TRUE(alarm.open().has_value());
  std::vector<int> rung;
  const Timestamp at = now() + 20ms;
  alarm.set(at, 1, [&] { rung.push_back(1); });
  alarm.set(at + 20ms, 2, [&] {
    rung.push_back(2);
    loop.stop();
  });
  loop.run_for(kDeadline);
  EXPECT_THAT(rung, ElementsAre(1, 2));
}

}  // namespace
}  // namespace warren::engine
