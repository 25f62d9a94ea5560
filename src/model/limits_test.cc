// SPDX-License-Identifier: Apache-2.0

#include "model/limits.h"

#include <gtest/gtest.h>

#include <limits>

namespace warren::model {
namespace {

using namespace std::chrono_literals;
using Cores = std::vector<std::uint32_t>;

constexpr std::uint64_t kMebi = 1 << 20;

std::string error_of(const Limits& limits) {
  const auto result = validate(limits);
  if (result) return "";
  EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  return result.error().message;
}

TEST(ParseCores, ReadsListsAndRanges) {
  EXPECT_EQ(parse_cores("", 4)->cores, Cores{});
  EXPECT_EQ(parse_cores("0", 4)->cores, Cores{0});
  EXPECT_EQ(parse_cores("0-3", 4)->cores, (Cores{0, 1, 2, 3}));
  EXPECT_EQ(parse_cores("1,3,5", 8)->cores, (Cores{1, 3, 5}));
  EXPECT_EQ(parse_cores("4-5,0-1", 8)->cores, (Cores{0, 1, 4, 5}));
  EXPECT_EQ(parse_cores("2,0-2,2-2", 8)->cores, (Cores{0, 1, 2}));
}

TEST(ParseCores, RejectsWhatIsNoList) {
  for (const std::string_view text : {",", "0,", ",0", "0,,1", "-", "0-", "-1", "3-0", "a", "0-a",
                                      "0 1", " 0", "+1", "0x1", "0-1-2", "4294967296", "1.0"}) {
    const auto cores = parse_cores(text, 8);
    ASSERT_FALSE(cores) << text;
    EXPECT_EQ(cores.error().code, Errc::kInvalidArgument);
  }
}

TEST(ParseCores, RejectsCoresThatDoNotExist) {
  EXPECT_EQ(parse_cores("0-2", 2).error().message, "core 2 does not exist: there are 2");
  EXPECT_FALSE(parse_cores("0-4294967295", 2));
  EXPECT_FALSE(parse_cores("0", 0));
}

TEST(CoreSet, IsWrittenAsRanges) {
  EXPECT_EQ(to_text(CoreSet{}), "");
  EXPECT_EQ(to_text(CoreSet{{0, 1, 2, 3, 5}}), "0-3,5");
  EXPECT_EQ(to_text(CoreSet{{1, 3, 4}}), "1,3-4");
}

TEST(IoClass, IsReadBackFromItsText) {
  for (const IoClass io_class : {IoClass::kLow, IoClass::kMedium, IoClass::kHigh}) {
    EXPECT_EQ(parse_io_class(to_text(io_class)), io_class);
  }
  EXPECT_EQ(to_text(IoClass::kMedium), "med");
  for (const std::string_view text : {"", "Low", "medium", "none"}) {
    EXPECT_FALSE(parse_io_class(text)) << text;
  }
}

TEST(IoBandwidth, PrefersTheExactNumber) {
  EXPECT_EQ(io_bandwidth({}), std::nullopt);
  EXPECT_EQ(io_bandwidth({.io_class = IoClass::kLow}), Bytes{kMebi});
  EXPECT_EQ(io_bandwidth({.io_class = IoClass::kMedium}), Bytes{10 * kMebi});
  EXPECT_EQ(io_bandwidth({.io_class = IoClass::kHigh}), std::nullopt);
  EXPECT_EQ(io_bandwidth({.io_per_second = Bytes{5}, .io_class = IoClass::kLow}), Bytes{5});
}

TEST(ValidateLimits, AcceptsNoneTheLeastAndTheMost) {
  constexpr Bytes kMost{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(error_of({}), "");
  EXPECT_EQ(error_of({.cpu_percent = 1,
                      .cores = {{0, 7}},
                      .memory = Bytes{kMebi},
                      .swap = Bytes{0},
                      .pids = 1,
                      .io_per_second = Bytes{1},
                      .disk = Bytes{kMebi},
                      .log = Bytes{4096},
                      .timeout = 1ms}),
            "");
  EXPECT_EQ(error_of({.cpu_percent = 102'400,
                      .memory = kMost,
                      .swap = kMost,
                      .pids = 4'194'304,
                      .io_per_second = kMost,
                      .disk = kMost,
                      .log = kMost}),
            "");
}

TEST(ValidateLimits, NamesWhatIsTooSmall) {
  EXPECT_EQ(error_of({.cpu_percent = 0}), "max-cpu: 0 is not between 1 and 102400");
  EXPECT_EQ(error_of({.memory = Bytes{12}}),
            "max-memory: 12 bytes is less than the smallest limit, 1M");
  EXPECT_EQ(error_of({.pids = 0}), "max-pids: 0 is not between 1 and 4194304");
  EXPECT_EQ(error_of({.io_per_second = Bytes{0}}),
            "max-iobps: 0 bytes is less than the smallest limit, 1");
  EXPECT_EQ(error_of({.disk = Bytes{kMebi - 1}}),
            "max-disk: 1048575 bytes is less than the smallest limit, 1M");
  EXPECT_EQ(error_of({.log = Bytes{4095}}),
            "max-log: 4095 bytes is less than the smallest limit, 4K");
  EXPECT_EQ(error_of({.timeout = 0ms}), "timeout: 0s is not a time to run");
  EXPECT_EQ(error_of({.timeout = -1s}), "timeout: -1s is not a time to run");
}

TEST(ValidateLimits, NamesWhatIsTooLarge) {
  constexpr Bytes kTooLarge{std::uint64_t{1} << 63};
  EXPECT_EQ(error_of({.cpu_percent = 102'401}), "max-cpu: 102401 is not between 1 and 102400");
  EXPECT_EQ(error_of({.pids = 4'194'305}), "max-pids: 4194305 is not between 1 and 4194304");
  EXPECT_EQ(error_of({.memory = kTooLarge}),
            "max-memory: 9223372036854775808 bytes is more than 2^63 - 1");
  EXPECT_NE(error_of({.memory = Bytes{kMebi}, .swap = kTooLarge}), "");
  EXPECT_NE(error_of({.io_per_second = kTooLarge}), "");
  EXPECT_NE(error_of({.disk = kTooLarge}), "");
  EXPECT_NE(error_of({.log = kTooLarge}), "");
}

TEST(ValidateLimits, RejectsWhatDoesNotFitTogether) {
  EXPECT_EQ(error_of({.cores = {{1, 1}}}), "cpu-cores: the list is not in rising order");
  EXPECT_EQ(error_of({.cores = {{1, 0}}}), "cpu-cores: the list is not in rising order");
  EXPECT_EQ(error_of({.swap = Bytes{1}}), "max-swap: holds only together with max-memory");
}

TEST(Narrow, TakesOverWhatOnlyTheParentHas) {
  const Limits parent{.cpu_percent = 50,
                      .cores = {{0, 1}},
                      .memory = Bytes{64 * kMebi},
                      .swap = Bytes{kMebi},
                      .pids = 10,
                      .io_class = IoClass::kLow,
                      .io_direct_only = true,
                      .timeout = 10s};
  const Limits out = narrow(parent, {});
  EXPECT_EQ(out.cpu_percent, 50U);
  EXPECT_EQ(out.cores, parent.cores);
  EXPECT_EQ(out.memory, parent.memory);
  EXPECT_EQ(out.swap, parent.swap);
  EXPECT_EQ(out.pids, 10U);
  EXPECT_EQ(io_bandwidth(out), Bytes{kMebi});
  EXPECT_TRUE(out.io_direct_only);
  EXPECT_EQ(out.timeout, 10s);
}

TEST(Narrow, KeepsTheSmallerOfTwo) {
  const Limits parent{.cpu_percent = 50, .memory = Bytes{64 * kMebi}, .pids = 10, .timeout = 10s};
  const Limits out =
      narrow(parent, {.cpu_percent = 20, .memory = Bytes{128 * kMebi}, .pids = 100, .timeout = 5s});
  EXPECT_EQ(out.cpu_percent, 20U);
  EXPECT_EQ(out.memory, Bytes{64 * kMebi});
  EXPECT_EQ(out.pids, 10U);
  EXPECT_EQ(out.timeout, 5s);
}

TEST(Narrow, LeavesAChildOfAnUnlimitedParentAlone) {
  const Limits child{.cpu_percent = 20,
                     .cores = {{3}},
                     .memory = Bytes{kMebi},
                     .swap = Bytes{7},
                     .pids = 1,
                     .io_class = IoClass::kMedium,
                     .disk = Bytes{kMebi},
                     .log = Bytes{4096},
                     .timeout = 1s};
  EXPECT_EQ(narrow({}, child), child);
}

TEST(Narrow, NeverLeavesAChildWithoutCores) {
  const Limits parent{.cores = {{0, 1, 2}}};
  EXPECT_EQ(narrow(parent, {.cores = {{1, 2, 3}}}).cores, (CoreSet{{1, 2}}));
  EXPECT_EQ(narrow(parent, {.cores = {{3}}}).cores, parent.cores);
}

TEST(Narrow, GivesNoSwapThatTheParentLacks) {
  const Limits parent{.memory = Bytes{64 * kMebi}};
  EXPECT_EQ(narrow(parent, {.memory = Bytes{kMebi}, .swap = Bytes{9}}).swap, Bytes{0});
  const Limits generous{.memory = Bytes{64 * kMebi}, .swap = Bytes{5}};
  EXPECT_EQ(narrow(generous, {.memory = Bytes{kMebi}}).swap, std::nullopt);
  EXPECT_EQ(narrow(generous, {.memory = Bytes{kMebi}, .swap = Bytes{9}}).swap, Bytes{5});
  EXPECT_EQ(narrow(generous, {.memory = Bytes{kMebi}, .swap = Bytes{3}}).swap, Bytes{3});
}

TEST(Narrow, ComparesBandwidthsWhicheverWayTheyWereSaid) {
  const Limits low{.io_class = IoClass::kLow};
  EXPECT_EQ(io_bandwidth(narrow(low, {.io_class = IoClass::kHigh})), Bytes{kMebi});
  EXPECT_EQ(io_bandwidth(narrow(low, {.io_per_second = Bytes{5 * kMebi}})), Bytes{kMebi});
  EXPECT_EQ(io_bandwidth(narrow(low, {.io_per_second = Bytes{5}})), Bytes{5});
  EXPECT_EQ(io_bandwidth(narrow({.io_per_second = Bytes{7}}, low)), Bytes{7});
}

TEST(Narrow, InheritsNeitherDiskNorLog) {
  const Limits out = narrow({.disk = Bytes{kMebi}, .log = Bytes{4096}}, {});
  EXPECT_EQ(out.disk, std::nullopt);
  EXPECT_EQ(out.log, std::nullopt);
}

}  // namespace
}  // namespace warren::model
