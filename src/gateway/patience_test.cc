// SPDX-License-Identifier: Apache-2.0

#include "gateway/patience.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PatienceTest : public ::testing::Test {
 protected:
  // How many of so many are borne now.
  std::size_t borne_of(std::size_t count) {
    std::size_t borne = 0;
    for (std::size_t i = 0; i < count; ++i) borne += patience_.spend(now_) ? 1U : 0U;
    return borne;
  }

  Patience::Time now_{seconds(1000)};
  Patience patience_{now_};
};

TEST_F(PatienceTest, EndsWithAFloodAtOnce) {
  EXPECT_EQ(borne_of(1000), Patience::kAtOnce);
}

TEST_F(PatienceTest, ComesBackWithTime) {
  EXPECT_EQ(borne_of(1000), Patience::kAtOnce);
  now_ += seconds(1);
  EXPECT_EQ(borne_of(1000), Patience::kPerSecond);
}

TEST_F(PatienceTest, ComesBackHoweverOftenItIsAsked) {
  EXPECT_EQ(borne_of(1000), Patience::kAtOnce);
  std::size_t borne = 0;
  for (int i = 0; i < 1000; ++i) {
    now_ += milliseconds(1);
    borne += borne_of(1);
  }
  EXPECT_EQ(borne, Patience::kPerSecond);
}

TEST_F(PatienceTest, IsNotSavedUp) {
  now_ += std::chrono::hours(1000);
  EXPECT_EQ(borne_of(1000), Patience::kAtOnce);
}

}  // namespace
}  // namespace warren::gateway
