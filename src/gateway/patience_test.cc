// SPDX-License-Identifier: Apache-2.0

#include "gateway/patience.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Patience::Measure kMeasure{.at_once = 256, .per_second = 100};

class PatienceTest : public ::testing::Test {
 protected:
  // How many of so many are borne now.
  std::size_t borne_of(std::size_t count) {
    std::size_t borne = 0;
    for (std::size_t i = 0; i < count; ++i) borne += patience_.spend(now_) ? 1U : 0U;
    return borne;
  }

  Patience::Time now_{seconds(1000)};
  Patience patience_{kMeasure, now_};
};

TEST_F(PatienceTest, EndsWithAFloodAtOnce) {
  EXPECT_EQ(borne_of(1000), kMeasure.at_once);
}

TEST_F(PatienceTest, ComesBackWithTime) {
  EXPECT_EQ(borne_of(1000), kMeasure.at_once);
  now_ += seconds(1);
  EXPECT_EQ(borne_of(1000), kMeasure.per_second);
}

TEST_F(PatienceTest, ComesBackHoweverOftenItIsAsked) {
  EXPECT_EQ(borne_of(1000), kMeasure.at_once);
  std::size_t borne = 0;
  for (int i = 0; i < 1000; ++i) {
    now_ += milliseconds(1);
    borne += borne_of(1);
  }
  EXPECT_EQ(borne, kMeasure.per_second);
}

TEST_F(PatienceTest, IsNotSavedUp) {
  now_ += std::chrono::hours(1000);
  patience_.give_back(1000);
  EXPECT_EQ(borne_of(1000), kMeasure.at_once);
}

TEST_F(PatienceTest, TakesBackWhatWasHarmless) {
  EXPECT_EQ(borne_of(1000), kMeasure.at_once);
  patience_.give_back(7);
  EXPECT_EQ(borne_of(1000), 7U);
}

TEST_F(PatienceTest, IsWholeOnceEverythingHasComeBack) {
  EXPECT_TRUE(patience_.is_whole(now_));
  EXPECT_EQ(borne_of(50), 50U);
  EXPECT_FALSE(patience_.is_whole(now_));
  now_ += seconds(1);
  EXPECT_TRUE(patience_.is_whole(now_));
}

TEST_F(PatienceTest, MayBeEndless) {
  patience_ = Patience(Patience::kEndless, now_);
  EXPECT_EQ(borne_of(100'000), 100'000U);
  now_ += seconds(1);
  EXPECT_EQ(borne_of(100'000), 100'000U);
}

}  // namespace
}  // namespace warren::gateway
