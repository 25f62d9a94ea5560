// SPDX-License-Identifier: Apache-2.0

#include "cgroup/values.h"

#include <gmock/gmock.h>

namespace warren::cgroup {

void PrintTo(const FileValue& value, std::ostream* out) {
  *out << value.file << " = \"" << value.text << '"' << (value.optional ? " (optional)" : "");
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::string_view kControllers[] = {"cpu", "cpuset", "memory", "pids", "blkio"};

TEST(UnifiedValues, WriteNothingThatWasNotAskedFor) {
  EXPECT_THAT(unified_values({}, "8:0"), IsEmpty());
}

TEST(UnifiedValues, GiveThePercentageOfOneCoreAsQuotaAndPeriod) {
  EXPECT_THAT(unified_values({.cpu_percent = 150}, ""),
              ElementsAre(FileValue{"cpu.max", "150000 100000"}));
}

TEST(UnifiedValues, LimitMemoryWithoutSwap) {
  EXPECT_THAT(
      unified_values({.memory = Bytes{kMebibyte}}, ""),
      ElementsAre(FileValue{"memory.max", "1048576"}, FileValue{"memory.swap.max", "0", true}));
}

TEST(UnifiedValues, InsistOnSwapThatWasAskedFor) {
  EXPECT_THAT(unified_values({.swap = Bytes{kMebibyte}}, ""),
              ElementsAre(FileValue{"memory.swap.max", "1048576"}));
}

TEST(UnifiedValues, LimitReadsAndWritesOfTheDevice) {
  EXPECT_THAT(unified_values({.io_per_second = Bytes{4096}}, "254:0"),
              ElementsAre(FileValue{"io.max", "254:0 rbps=4096 wbps=4096"}));
  EXPECT_THAT(unified_values({.io_class = model::IoClass::kHigh}, "254:0"), IsEmpty());
}

TEST(UnifiedValues, LimitCoresAndProcesses) {
  EXPECT_THAT(unified_values({.cores = {{0, 1, 3}}, .pids = 7}, ""),
              ElementsAre(FileValue{"cpuset.cpus", "0-1,3"}, FileValue{"pids.max", "7"}));
}

TEST(LegacyValues, WriteNothingThatWasNotAskedFor) {
  for (const std::string_view controller : kControllers) {
    EXPECT_THAT(legacy_values(controller, {}, "8:0"), IsEmpty()) << controller;
  }
}

TEST(LegacyValues, KeepTheQuotaOfOnePercentAtTheKernelsLeast) {
  EXPECT_THAT(
      legacy_values("cpu", {.cpu_percent = 1}, ""),
      ElementsAre(FileValue{"cpu.cfs_period_us", "100000"}, FileValue{"cpu.cfs_quota_us", "1000"}));
}

TEST(LegacyValues, LimitMemoryBeforeTheSumOfMemoryAndSwap) {
  EXPECT_THAT(legacy_values("memory", {.memory = Bytes{2 * kMebibyte}}, ""),
              ElementsAre(FileValue{"memory.limit_in_bytes", "2097152"},
                          FileValue{"memory.memsw.limit_in_bytes", "2097152", true}));
  EXPECT_THAT(
      legacy_values("memory", {.memory = Bytes{2 * kMebibyte}, .swap = Bytes{kMebibyte}}, ""),
      ElementsAre(FileValue{"memory.limit_in_bytes", "2097152"},
                  FileValue{"memory.memsw.limit_in_bytes", "3145728"}));
}

TEST(LegacyValues, LimitReadsAndWritesOfTheDevice) {
  EXPECT_THAT(legacy_values("blkio", {.io_class = model::IoClass::kLow}, "8:0"),
              ElementsAre(FileValue{"blkio.throttle.read_bps_device", "8:0 1048576"},
                          FileValue{"blkio.throttle.write_bps_device", "8:0 1048576"}));
}

TEST(LegacyValues, BelongToTheirControllerAlone) {
  const model::Limits limits{.cores = {{1}}, .pids = 5};
  EXPECT_THAT(legacy_values("cpuset", limits, ""), ElementsAre(FileValue{"cpuset.cpus", "1"}));
  EXPECT_THAT(legacy_values("pids", limits, ""), ElementsAre(FileValue{"pids.max", "5"}));
  EXPECT_THAT(legacy_values("memory", limits, ""), IsEmpty());
}

TEST(FindNumber, MatchesWholeKeysOnly) {
  constexpr std::string_view kEvents = "oom 1\noom_kill 2\noom_group_kill 3\n";
  EXPECT_EQ(find_number(kEvents, "oom_kill"), 2U);
  EXPECT_EQ(find_number(kEvents, "oom"), 1U);
  EXPECT_FALSE(find_number(kEvents, "oom_"));
  EXPECT_FALSE(find_number("", "oom"));
}

TEST(ParseIoStat, SumsDisksWithoutLoopDevices) {
  constexpr std::string_view kStat =
      "254:0 rbytes=100 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n"
      "7:0 rbytes=5 wbytes=6 rios=1 wios=1 dbytes=9 dios=1\n"
      "7:1 \n";
  EXPECT_EQ(parse_io_stat(kStat), (IoBytes{.read = {100}, .write = {20}}));
  EXPECT_EQ(parse_io_stat(""), IoBytes{});
}

TEST(ParseThrottleBytes, SumsDisksWithoutTheTotal) {
  constexpr std::string_view kBytes =
      "254:0 Read 100\n254:0 Write 20\n254:0 Sync 120\n254:0 Async 0\n254:0 Discard 0\n"
      "254:0 Total 120\n7:0 Read 1\n7:0 Write 2\nTotal 123\n";
  EXPECT_EQ(parse_throttle_bytes(kBytes), (IoBytes{.read = {100}, .write = {20}}));
  EXPECT_EQ(parse_throttle_bytes("Total 0\n"), IoBytes{});
}

}  // namespace
}  // namespace warren::cgroup
