// SPDX-License-Identifier: Apache-2.0

#include "plan/meminfo.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <sstream>

namespace warren::plan {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr Bytes kMemory{std::uint64_t{64} << 20};
constexpr Bytes kSwap{std::uint64_t{32} << 20};

TEST(Meminfo, TellsWhatThereIsAndThatItIsFree) {
  const std::string text = meminfo_of(kMemory, kSwap);
  EXPECT_THAT(text, StartsWith("MemTotal:          65536 kB\n"
                               "MemFree:           65536 kB\n"
                               "MemAvailable:      65536 kB\n"));
  EXPECT_THAT(text, HasSubstr("\nSwapTotal:         32768 kB\n"
                              "SwapFree:          32768 kB\n"));
  EXPECT_THAT(text, HasSubstr("\nCached:                0 kB\n"));
}

TEST(Meminfo, HoldsAnyAmount) {
  EXPECT_THAT(meminfo_of(Bytes{~std::uint64_t{0}}, {}),
              StartsWith("MemTotal:       18014398509481983 kB\n"));
  EXPECT_THAT(meminfo_of({}, {}), StartsWith("MemTotal:              0 kB\n"));
}

TEST(Meminfo, IsMadeOfNamesAndNumbersAlone) {
  std::istringstream lines(meminfo_of(kMemory, kSwap));
  int count = 0;
  std::string name;
  std::string unit;
  for (std::uint64_t number = 0; lines >> name >> number >> unit; ++count) {
    EXPECT_TRUE(name.ends_with(':')) << name;
    EXPECT_EQ(unit, "kB");
  }
  EXPECT_TRUE(lines.eof());
  EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace warren::plan
