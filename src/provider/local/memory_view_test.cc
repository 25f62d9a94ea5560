// SPDX-License-Identifier: Apache-2.0

#include "provider/local/memory_view.h"

#include <gmock/gmock.h>

#include <cstdint>

namespace warren::provider {
namespace {

using ::testing::HasSubstr;

constexpr Bytes kSmall{std::uint64_t{16} << 20};
constexpr Bytes kEndless{std::uint64_t{1} << 62};  // Version 1 says "no limit" with a large number.

TEST(MeminfoWithin, ShowsTheBound) {
  EXPECT_THAT(meminfo_within({.memory = kSmall, .swap = Bytes{}}),
              ::testing::Optional(HasSubstr("MemTotal:          16384 kB\n")));
}

TEST(MeminfoWithin, LeavesTheKernelsFileWhereTheHostHasLess) {
  EXPECT_EQ(meminfo_within({.memory = std::nullopt, .swap = std::nullopt}), std::nullopt);
  EXPECT_EQ(meminfo_within({.memory = std::nullopt, .swap = kSmall}), std::nullopt);
  EXPECT_EQ(meminfo_within({.memory = kEndless, .swap = kEndless}), std::nullopt);
}

TEST(MeminfoWithin, NeverShowsMoreSwapThanTheHostHas) {
  const auto endless = meminfo_within({.memory = kSmall, .swap = kEndless});
  EXPECT_EQ(endless, meminfo_within({.memory = kSmall, .swap = std::nullopt}));
  EXPECT_THAT(meminfo_within({.memory = kSmall, .swap = Bytes{}}),
              ::testing::Optional(HasSubstr("SwapTotal:             0 kB\n")));
}

}  // namespace
}  // namespace warren::provider
