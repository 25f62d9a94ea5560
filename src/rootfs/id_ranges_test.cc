// SPDX-License-Identifier: Apache-2.0

#include "rootfs/id_ranges.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::rootfs {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

constexpr IdRange kFirst{IdRange::kFirstBase};
constexpr IdRange kSecond{IdRange::kFirstBase + IdRange::kSize};

TEST(IdRanges, HandsOutTheLowestFreeRange) {
  IdRanges ranges;
  EXPECT_EQ(ranges.take(), kFirst);
  EXPECT_EQ(ranges.take(), kSecond);
  ranges.release(kFirst);
  EXPECT_EQ(ranges.take(), kFirst);
}

TEST(IdRanges, GivesNoRangeTwice) {
  IdRanges ranges;
  ASSERT_TRUE(ranges.take(kFirst));
  EXPECT_TRUE(ranges.is_taken(kFirst));
  EXPECT_THAT(ranges.take(kFirst), HoldsError(Errc::kAlreadyExists, HasSubstr("268435456")));
  EXPECT_EQ(ranges.take(), kSecond);
}

TEST(IdRanges, RefusesWhatStartsNoRange) {
  IdRanges ranges;
  for (const std::uint32_t base :
       {0U, IdRange::kFirstBase + 1, IdRange::kFirstBase - IdRange::kSize,
        IdRange::kFirstBase + IdRange::kCount * IdRange::kSize}) {
    EXPECT_FALSE(ranges.take(IdRange{base})) << base;
    EXPECT_FALSE(ranges.is_taken(IdRange{base})) << base;
    ranges.release(IdRange{base});
  }
}

TEST(IdRanges, SaysWhenAllAreTaken) {
  IdRanges ranges;
  for (std::uint32_t i = 0; i < IdRange::kCount; ++i) ASSERT_TRUE(ranges.take());
  EXPECT_THAT(ranges.take(), HoldsError(Errc::kResourceExhausted, HasSubstr("28000")));
  ranges.release(kSecond);
  EXPECT_EQ(ranges.take(), kSecond);
}

TEST(IdRange, ReadsOnlyWhatItWrites) {
  EXPECT_EQ(to_text(kSecond), "268500992");
  EXPECT_EQ(parse_id_range("268500992"), kSecond);
  for (const char* text : {"", "0", "268435457", "0268435456", " 268435456", "268435456 ",
                           "-268435456", "+268435456", "99999999999", "4294967295"}) {
    EXPECT_THAT(parse_id_range(text), HoldsError(Errc::kInvalidArgument, HasSubstr(text))) << text;
  }
}

}  // namespace
}  // namespace warren::rootfs
