// SPDX-License-Identifier: Apache-2.0

#include "cgroup/block_device.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace warren::cgroup {
namespace {

namespace fs = std::filesystem;

// A sysfs with the disk 8:0 and its partition 8:1.
class ResolveDisk : public testing::Test {
 protected:
  ResolveDisk() {
    std::string name = fs::temp_directory_path() / "warren-sysfs-XXXXXX";
    sys_ = ::mkdtemp(name.data());
    fs::create_directories(sys_ / "devices/sda/sda1");
    fs::create_directories(sys_ / "dev/block");
    std::ofstream(sys_ / "devices/sda/dev") << "8:0\n";
    std::ofstream(sys_ / "devices/sda/sda1/dev") << "8:1\n";
    std::ofstream(sys_ / "devices/sda/sda1/partition") << "1\n";
    fs::create_symlink("../../devices/sda", sys_ / "dev/block/8:0");
    fs::create_symlink("../../devices/sda/sda1", sys_ / "dev/block/8:1");
  }
  void TearDown() override { fs::remove_all(sys_); }

  fs::path sys_;
};

TEST_F(ResolveDisk, LeavesAWholeDiskAsItIs) {
  EXPECT_EQ(resolve_disk("8:0", sys_), "8:0");
}

TEST_F(ResolveDisk, FindsTheDiskOfAPartition) {
  EXPECT_EQ(resolve_disk("8:1", sys_), "8:0");
}

TEST_F(ResolveDisk, RefusesWhatIsNoBlockDevice) {
  const auto disk = resolve_disk("0:45", sys_);
  ASSERT_FALSE(disk);
  EXPECT_EQ(disk.error().code, Errc::kFailedPrecondition);
}

TEST_F(ResolveDisk, RefusesATextThatIsNoDeviceNumber) {
  for (const char* text : {"", "8", "8:", "8:0/..", "../8:0", ":0"}) {
    const auto disk = resolve_disk(text, sys_);
    ASSERT_FALSE(disk) << text;
    EXPECT_EQ(disk.error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace warren::cgroup
