// SPDX-License-Identifier: Apache-2.0

#include "base/pace.h"

#include <gtest/gtest.h>

#include <limits>

namespace warren {
namespace {

using namespace std::chrono_literals;

TEST(PaceTest, LeavesAllOfItToWhoeverHasNotYetBeenWaitedFor) {
  EXPECT_EQ(Pace(60s).left(), 60s);
}

TEST(PaceTest, LeavesNothingAfterAWaitThatWasLonger) {
  Pace pace(60s);
  pace.waited(59s);
  EXPECT_EQ(pace.left(), 1s);
  pace.waited(2s);
  EXPECT_EQ(pace.left(), 0s);
}

TEST(PaceTest, GivesBackASecondForWhatTheSlowestSendsInOne) {
  Pace pace(60s);
  pace.waited(10s);
  pace.moved(4 * Pace::kSlowest);
  EXPECT_LE(pace.left(), 54s);
  EXPECT_GT(pace.left(), 54s - 10ms);
}

TEST(PaceTest, NeverLeavesMoreThanAtTheBeginning) {
  Pace pace(60s);
  pace.waited(30s);
  pace.moved(std::numeric_limits<std::size_t>::max());
  EXPECT_EQ(pace.left(), 60s);
}

TEST(PaceTest, EndsForWhoeverSendsALittleNowAndThen) {
  Pace pace(60s);
  int bytes = 0;
  for (; pace.left() > 1s; ++bytes) {
    pace.waited(1s);
    pace.moved(1);
  }
  EXPECT_LE(bytes, 60);
}

TEST(PaceTest, LastsForWhoeverKeepsIt) {
  Pace pace(60s);
  for (int second = 0; second < 10'000; ++second) {
    pace.waited(1s);
    pace.moved(Pace::kSlowest + 1);
  }
  EXPECT_GE(pace.left(), 58s);
}

}  // namespace
}  // namespace warren
