// SPDX-License-Identifier: Apache-2.0

#include "base/decimal.h"

#include <gtest/gtest.h>

#include <limits>

namespace warren {
namespace {

TEST(TakeDecimal, ReadsWholeAndFractionAndLeavesTheRest) {
  std::string_view text = "12.05h";
  const auto number = take_decimal(text);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->whole, 12U);
  EXPECT_EQ(number->millionths, 50'000U);
  EXPECT_TRUE(number->has_fraction);
  EXPECT_EQ(text, "h");
}

TEST(TakeDecimal, LeavesTheTextAloneWhenItIsNoNumber) {
  for (const std::string_view original :
       {"", "-1", "+1", " 1", ".5", "1.", "1.x", "x", "1.1234567", "18446744073709551616"}) {
    std::string_view text = original;
    EXPECT_FALSE(take_decimal(text)) << original;
    EXPECT_EQ(text, original);
  }
}

TEST(TakeDecimal, ReadsTheLargestWholeNumber) {
  std::string_view text = "18446744073709551615";
  const auto number = take_decimal(text);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->whole, std::numeric_limits<std::uint64_t>::max());
}

TEST(Scale, RoundsDown) {
  EXPECT_EQ(scale({.whole = 1, .millionths = 999'999, .has_fraction = true}, 10, 100), 19U);
}

TEST(Scale, StopsAtTheLimit) {
  EXPECT_EQ(scale({.whole = 10}, 10, 100), 100U);
  EXPECT_FALSE(scale({.whole = 11}, 10, 100));
  EXPECT_FALSE(scale({.whole = 10, .millionths = 100'000, .has_fraction = true}, 10, 100));
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(scale({.whole = kMost}, 2, kMost));
}

}  // namespace
}  // namespace warren
