// SPDX-License-Identifier: Apache-2.0

#include "gateway/line_limit.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

constexpr LineLimit::Time kStart{std::chrono::hours(7)};

TEST(LineLimit, LetsAFewLinesThroughInASecond) {
  LineLimit limit;
  for (std::size_t line = 0; line < LineLimit::kLinesPerSecond; ++line) {
    EXPECT_EQ(limit.admit(kStart), 0U);
  }
  EXPECT_EQ(limit.admit(kStart), std::nullopt);
  EXPECT_EQ(limit.admit(kStart + std::chrono::milliseconds(999)), std::nullopt);
}

TEST(LineLimit, CountsTheOthersOnce) {
  LineLimit limit;
  for (std::size_t line = 0; line < LineLimit::kLinesPerSecond + 3; ++line) {
    std::ignore = limit.admit(kStart);
  }
  EXPECT_EQ(limit.admit(kStart + std::chrono::seconds(1)), 3U);
  EXPECT_EQ(limit.admit(kStart + std::chrono::seconds(1)), 0U);
}

}  // namespace
}  // namespace warren::gateway
