// SPDX-License-Identifier: Apache-2.0

#include "gateway/call_limit.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace warren::gateway {
namespace {

TEST(CallLimit, GivesEachHolderSoManyPlaces) {
  CallLimit limit(2);
  const auto first = limit.take("alice");
  const auto second = limit.take("alice");
  EXPECT_TRUE(first.has_value());
  EXPECT_TRUE(second.has_value());
  EXPECT_FALSE(limit.take("alice").has_value());
  EXPECT_TRUE(limit.take("bob").has_value());
}

TEST(CallLimit, TakesAPlaceBack) {
  CallLimit limit(1);
  { const auto place = limit.take("alice"); }
  EXPECT_TRUE(limit.take("alice").has_value());
}

TEST(CallLimit, CountsAPlaceThatIsMovedOnce) {
  CallLimit limit(1);
  std::optional<CallLimit::Place> moved;
  {
    auto place = limit.take("alice");
    ASSERT_TRUE(place.has_value());
    moved.emplace(*std::move(place));
  }
  EXPECT_FALSE(limit.take("alice").has_value());
  moved.reset();
  EXPECT_TRUE(limit.take("alice").has_value());
}

TEST(CallLimit, RemembersNobodyWithoutAPlace) {
  CallLimit limit(1);
  {
    const auto place = limit.take("alice");
    EXPECT_EQ(limit.holders(), 1U);
  }
  EXPECT_EQ(limit.holders(), 0U);
}

TEST(CallLimit, IsOutlivedByAPlace) {
  std::optional<CallLimit::Place> place;
  {
    CallLimit limit(1);
    auto taken = limit.take("alice");
    ASSERT_TRUE(taken.has_value());
    place.emplace(*std::move(taken));
  }
  place.reset();
}

TEST(CallLimit, HoldsWhenManyThreadsAsk) {
  CallLimit limit(3);
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&limit] {
      for (int n = 0; n < 1000; ++n) std::ignore = limit.take("alice");
    });
  }
  threads.clear();
  EXPECT_EQ(limit.holders(), 0U);
  EXPECT_TRUE(limit.take("alice").has_value());
}

}  // namespace
}  // namespace warren::gateway
