// SPDX-License-Identifier: Apache-2.0

#include "cgroup/layout.h"

#include <gmock/gmock.h>

namespace warren::cgroup {
namespace {

using testing::ElementsAre;

constexpr std::string_view kHybridCgroups =
    "9:name=systemd:/\n"
    "8:pids:/\n"
    "4:memory:/service/one\n"
    "2:cpu,cpuacct:/\n"
    "0::/\n";
constexpr std::string_view kHybridMounts =
    "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(ParseLayout, FindsTheCallersOwnGroupOnAUnifiedHost) {
  const auto layout = parse_layout("0::/system.slice/warrend.service\n",
                                   "30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 "
                                   "rw,nsdelegate,memory_recursiveprot\n",
                                   std::nullopt);
  ASSERT_TRUE(layout);
  ASSERT_TRUE(layout->unified);
  EXPECT_EQ(layout->unified->directory, "/sys/fs/cgroup/system.slice/warrend.service");
  EXPECT_TRUE(layout->legacy.empty());
}

TEST(ParseLayout, FindsEachHierarchyOfAHybridHost) {
  const auto layout = parse_layout(kHybridCgroups, kHybridMounts, std::nullopt);
  ASSERT_TRUE(layout);
  ASSERT_TRUE(layout->unified);
  EXPECT_EQ(layout->unified->directory, "/sys/fs/cgroup/unified");
  ASSERT_NE(layout->legacy_with("memory"), nullptr);
  EXPECT_EQ(layout->legacy_with("memory")->directory, "/sys/fs/cgroup/memory/service/one");
}

TEST(ParseLayout, TreatsControllersMountedTogetherAsOneHierarchy) {
  const auto layout = parse_layout(kHybridCgroups, kHybridMounts, std::nullopt);
  ASSERT_TRUE(layout);
  ASSERT_NE(layout->legacy_with("cpu"), nullptr);
  EXPECT_EQ(layout->legacy_with("cpu"), layout->legacy_with("cpuacct"));
  EXPECT_THAT(layout->legacy_with("cpu")->controllers, ElementsAre("cpu", "cpuacct"));
}

TEST(ParseLayout, LeavesOutHierarchiesWithoutControllers) {
  const auto layout = parse_layout(kHybridCgroups, kHybridMounts, std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->legacy.size(), 3U);
  EXPECT_EQ(layout->legacy_with("name=systemd"), nullptr);
}

TEST(ParseLayout, HasNoUnifiedHierarchyWhereNoneIsMounted) {
  const auto layout = parse_layout(
      "4:memory:/\n0::/\n", "35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n", std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_FALSE(layout->unified);
  EXPECT_EQ(layout->legacy_with("memory")->directory, "/cg/memory");
}

TEST(ParseLayout, PutsTheGivenRootBelowEachMountPoint) {
  const auto layout = parse_layout(kHybridCgroups, kHybridMounts, "/lab/");
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->unified->directory, "/sys/fs/cgroup/unified/lab");
  EXPECT_EQ(layout->legacy_with("memory")->directory, "/sys/fs/cgroup/memory/lab");
}

TEST(ParseLayout, ResolvesAMountThatShowsAPartOfTheHierarchy) {
  const auto layout =
      parse_layout("0::/docker/abc/inner\n",
                   "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n", std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->unified->directory, "/sys/fs/cgroup/inner");
}

TEST(ParseLayout, DecodesSpacesInMountPoints) {
  const auto layout = parse_layout(
      "0::/\n", "30 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup rw\n", std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->unified->directory, "/mnt/my groups");
}

TEST(ParseLayout, FailsWhenTheCallersOwnGroupIsNotVisible) {
  const std::string_view other = "30 23 0:26 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup rw\n";
  for (const std::string_view own : {"0::/docker/abc\n", "0::/../elsewhere\n", "0::/\n"}) {
    const auto layout = parse_layout(own, other, std::nullopt);
    ASSERT_FALSE(layout) << own;
    EXPECT_EQ(layout.error().code, Errc::kFailedPrecondition);
  }
}

TEST(ParseLayout, SkipsLinesItCannotRead) {
  const auto layout =
      parse_layout("nonsense\n1:\n0::/\n",
                   "30 23\n- - -\n30 23 0:26 / /cg rw - cgroup2 cgroup rw\n", std::nullopt);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->unified->directory, "/cg");
}

}  // namespace
}  // namespace warren::cgroup
