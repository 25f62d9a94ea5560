// SPDX-License-Identifier: Apache-2.0
//
// Sandboxes whose state directory is on a btrfs of the host.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/btrfs_directory.h"
#include "tests/support/sandbox_runner.h"
#include "tests/support/temp_directory.h"

namespace warren::test {
namespace {

class OwnBtrfs : public ::testing::TestWithParam<rootfs::QuotaKind> {};

TEST_P(OwnBtrfs, HoldsTheDiskLimitOfASandbox) {
  const TempDirectory directory;
  const std::string place = directory.path() / "disk";
  ASSERT_EQ(::mkdir(place.c_str(), 0755), 0);
  const auto disk = BtrfsDirectory::create(place, GetParam());
  if (!disk && disk.error().code == Errc::kFailedPrecondition) GTEST_SKIP() << disk.error().message;
  ASSERT_TRUE(disk) << disk.error().message;
  const std::string home = place + "/warren";
  ASSERT_EQ(::mkdir(home.c_str(), 0755), 0);
  {
    SandboxRunner runner{std::filesystem::path(home)};
    model::JobSpec spec = shell("dd if=/dev/zero of=file bs=1M count=50 conv=fsync status=none");
    const Outcome unlimited = runner.run(spec);
    EXPECT_EQ(unlimited.exit_code(), 0) << unlimited.ended.message << unlimited.err;
    spec.sandbox.limits.disk = Bytes{std::uint64_t{20} << 20};
    const Outcome limited = runner.run(spec);
    EXPECT_EQ(limited.exit_code(), 1) << limited.ended.message;
    EXPECT_THAT(limited.err, ::testing::HasSubstr("Disk quota exceeded"));
    EXPECT_TRUE(limited.ended.out_of_disk);
    // As the operator has made it: nothing else was mounted or put beside it.
    EXPECT_FALSE(std::filesystem::exists(home + "/state/pool.btrfs"));
  }
}

INSTANTIATE_TEST_SUITE_P(OnThisHost, OwnBtrfs,
                         ::testing::Values(rootfs::QuotaKind::kSimple, rootfs::QuotaKind::kFull),
                         name_of_quotas);

}  // namespace
}  // namespace warren::test
