// SPDX-License-Identifier: Apache-2.0

#include "rootfs/host_image.h"

#include <sys/stat.h>

#include <fstream>

#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/state_directory_test.h"
#include "tests/support/result_matchers.h"

namespace warren::rootfs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// A pool's root beside a machine's root, both small and made for the test.
class HostImageTest : public StateDirectoryTest {
 protected:
  void SetUp() override {
    StateDirectoryTest::SetUp();
    for (const char* path : {"pool", "pool/layers", "pool/images", "host", "host/usr", "host/etc",
                             "host/etc/alternatives", "host/etc/ssl", "host/etc/ssl/certs"}) {
      ASSERT_EQ(::mkdir((state() + "/" + path).c_str(), 0755), 0) << path;
    }
    write("host/etc/ld.so.cache", "cache");
    write("host/etc/shadow", "secret");
    write("host/etc/ssl/certs/own.pem", "certificate");
    link("/usr/bin/vim.basic", "host/etc/alternatives/editor");
    link("own.pem", "host/etc/ssl/certs/1234.0");
    link(state() + "/host/etc/shadow.pem", "host/etc/ssl/certs/elsewhere.pem");
    write("host/etc/shadow.pem", "followed");
    pool_ = open_directory(state() + "/pool");
  }

  void write(const std::string& path, const std::string& text) const {
    std::ofstream(state() + "/" + path) << text;
  }
  void link(const std::string& target, const std::string& path) const {
    ASSERT_EQ(::symlink(target.c_str(), (state() + "/" + path).c_str()), 0);
  }
  [[nodiscard]] HostImage refresh() const {
    auto image = refresh_host_image(pool_.get(), PoolKind::kDirectory, state() + "/host");
    EXPECT_TRUE(image) << image.error().message;
    return image.value_or(HostImage());
  }
  [[nodiscard]] std::string read(const HostImage& image, const std::string& path) const {
    return os::read_text(pool_.get(), (image.path + path).c_str()).value_or("(none)");
  }
  [[nodiscard]] std::string target(const HostImage& image, const std::string& path) const {
    std::array<char, 256> text{};
    ::readlinkat(pool_.get(), (image.path + path).c_str(), text.data(), text.size() - 1);
    return text.data();
  }
  [[nodiscard]] struct stat status(const HostImage& image, const std::string& path) const {
    struct stat found {};
    ::fstatat(pool_.get(), (image.path + path).c_str(), &found, AT_SYMLINK_NOFOLLOW);
    return found;
  }

  os::UniqueFd pool_;
};

TEST_F(HostImageTest, LinksWhatTheMachineHasMerged) {
  link("usr/bin", "host/bin");
  const HostImage image = refresh();
  EXPECT_EQ(target(image, "/bin"), "usr/bin");
  EXPECT_THAT(image.binds, ElementsAre("usr"));
}

TEST_F(HostImageTest, BindsWhatTheMachineHasNotMerged) {
  ASSERT_EQ(::mkdir((state() + "/host/bin").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir((state() + "/host/lib").c_str(), 0755), 0);
  link("/somewhere/else", "host/lib64");
  const HostImage image = refresh();
  EXPECT_THAT(image.binds, UnorderedElementsAre("usr", "bin", "lib"));
  EXPECT_EQ(status(image, "/lib").st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(status(image, "/lib64").st_mode, 0U);
}

TEST_F(HostImageTest, HoldsNothingOfEtcButWhatProgramsNeed) {
  const HostImage image = refresh();
  const os::UniqueFd etc =
      os::open_at(pool_.get(), (image.path + "/etc").c_str(), O_RDONLY | O_DIRECTORY).value();
  EXPECT_THAT(entry_names(etc.get(), "."),
              ::testing::Optional(UnorderedElementsAre("passwd", "group", "hosts", "resolv.conf",
                                                       "nsswitch.conf", "alternatives", "ssl",
                                                       "ld.so.cache")));
  EXPECT_THAT(read(image, "/etc/passwd"), HasSubstr("root:x:0:0:"));
  EXPECT_EQ(read(image, "/etc/ld.so.cache"), "cache");
  EXPECT_EQ(target(image, "/etc/alternatives/editor"), "/usr/bin/vim.basic");
  EXPECT_EQ(target(image, "/etc/ssl/certs/1234.0"), "own.pem");
  EXPECT_EQ(read(image, "/etc/ssl/certs/own.pem"), "certificate");
  EXPECT_EQ(read(image, "/etc/ssl/certs/elsewhere.pem"), "followed");
}

TEST_F(HostImageTest, ClosesRootsHomeAndOpensTmp) {
  const HostImage image = refresh();
  EXPECT_EQ(status(image, "").st_mode, S_IFDIR | 0755U);
  EXPECT_EQ(status(image, "/root").st_mode, S_IFDIR | 0700U);
  EXPECT_EQ(status(image, "/tmp").st_mode, S_IFDIR | 01777U);
  EXPECT_EQ(status(image, "/home/user").st_uid, 1000U);
}

TEST_F(HostImageTest, IsBuiltOnceForAnUnchangedMachine) {
  const HostImage first = refresh();
  const ino_t inode = status(first, "/etc/passwd").st_ino;
  const HostImage second = refresh();
  EXPECT_EQ(first.path, second.path);
  EXPECT_EQ(status(second, "/etc/passwd").st_ino, inode);
}

TEST_F(HostImageTest, FollowsAChangeAndKeepsWhatSandboxesUse) {
  ASSERT_EQ(::mkdir((state() + "/pool/layers/one").c_str(), 0755), 0);
  const HostImage first = refresh();
  write("host/etc/ld.so.cache", "another cache");
  const HostImage second = refresh();
  EXPECT_EQ(read(second, "/etc/ld.so.cache"), "another cache");
  EXPECT_EQ(read(first, "/etc/ld.so.cache"), "cache");

  ASSERT_EQ(::rmdir((state() + "/pool/layers/one").c_str()), 0);
  write("host/etc/ld.so.cache", "a third cache");
  const HostImage third = refresh();
  EXPECT_EQ(read(third, "/etc/ld.so.cache"), "a third cache");
  EXPECT_EQ(read(first, "/etc/ld.so.cache"), "(none)");
}

TEST_F(HostImageTest, DescribesThisVeryMachine) {
  const auto image = refresh_host_image(pool_.get(), PoolKind::kDirectory);
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_THAT(image->binds, ::testing::Contains("usr"));
  EXPECT_NE(read(*image, "/etc/passwd"), "(none)");
}

}  // namespace
}  // namespace warren::rootfs
