// SPDX-License-Identifier: Apache-2.0

#include "cgroup/text.h"

#include <gmock/gmock.h>

namespace warren::cgroup {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Split, LeavesOutEmptyPieces) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "b"));
  EXPECT_THAT(split("", ','), IsEmpty());
  EXPECT_THAT(split(",", ','), IsEmpty());
  EXPECT_THAT(split("whole", ','), ElementsAre("whole"));
}

TEST(ParseNumber, ReadsANumberAsKernelFilesHoldIt) {
  EXPECT_EQ(parse_number("42\n"), 42U);
  EXPECT_EQ(parse_number(" 18446744073709551615"), 18446744073709551615U);
}

TEST(ParseNumber, RefusesEverythingElse) {
  for (const char* text : {"", "\n", "max\n", "-1", "1 2", "18446744073709551616", "1k"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

}  // namespace
}  // namespace warren::cgroup
