// SPDX-License-Identifier: Apache-2.0

#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <initializer_list>

#include "os/text_file.h"

namespace warren::os {
namespace {

namespace fs = std::filesystem;

// secret.txt beside root/, with every kind of way out of root/ in it.
class OpenInRoot : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "warren-os-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    base_ = name;
    fs::create_directories(base_ / "root/inside");
    std::ofstream(base_ / "secret.txt") << "secret";
    std::ofstream(base_ / "root/inside/file.txt") << "file";
    fs::create_symlink("../secret.txt", base_ / "root/relative");
    fs::create_symlink(base_ / "secret.txt", base_ / "root/absolute");
    fs::create_directory_symlink("inside", base_ / "root/directory");
    fs::create_directory_symlink(base_, base_ / "root/out");
    root_ = *open_at(AT_FDCWD, (base_ / "root").c_str(), O_PATH | O_DIRECTORY);
  }
  void TearDown() override { fs::remove_all(base_); }

  KernelResult<UniqueFd> open(const char* path) const {
    return open_in_root(root_.get(), path, O_RDONLY);
  }

  fs::path base_;
  UniqueFd root_;
};

TEST_F(OpenInRoot, OpensWhatIsBelow) {
  EXPECT_TRUE(open("inside/file.txt"));
  EXPECT_TRUE(open("/inside/file.txt")) << "the root is where absolute paths begin";
}

TEST_F(OpenInRoot, FollowsNoSymbolicLink) {
  for (const char* path : {"relative", "absolute", "out/secret.txt", "directory/file.txt"}) {
    EXPECT_EQ(open(path).error(), Errno{ELOOP}) << path;
  }
}

TEST_F(OpenInRoot, DoesNotClimbAboveTheRoot) {
  EXPECT_EQ(open("../secret.txt").error(), Errno{ENOENT});
  EXPECT_EQ(open("inside/../../secret.txt").error(), Errno{ENOENT});
}

TEST_F(OpenInRoot, CreatesFilesWithTheirMode) {
  ASSERT_TRUE(open_in_root(root_.get(), "inside/new", O_CREAT | O_WRONLY | O_EXCL, 0600));
  EXPECT_EQ(fs::status(base_ / "root/inside/new").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(OpenInRoot, OpenAtDoesNotFollowALinkAtTheEnd) {
  EXPECT_EQ(open_at(root_.get(), "relative", O_RDONLY).error(), Errno{ELOOP});
}

TEST_F(OpenInRoot, TextsAreReadAndWrittenWhole) {
  ASSERT_TRUE(write_text(root_.get(), "inside/file.txt", "longer than before"));
  EXPECT_EQ(read_text(root_.get(), "inside/file.txt"), "longer than before");
  EXPECT_EQ(write_text(root_.get(), "inside/absent", "x").error(), Errno{ENOENT});
}

TEST_F(OpenInRoot, TextsHaveALargestSize) {
  fs::resize_file(base_ / "root/inside/file.txt", 1 << 20);
  EXPECT_TRUE(read_text(root_.get(), "inside/file.txt"));
  fs::resize_file(base_ / "root/inside/file.txt", (1 << 20) + 1);
  EXPECT_EQ(read_text(root_.get(), "inside/file.txt").error(), Errno{EFBIG});
}

// Ends with the number of what is then the next file.
[[noreturn]] void open_without(std::initializer_list<int> closed) {
  for (const int number : closed) ::close(number);
  if (!occupy_standard_streams()) ::_exit(100);
  for (const int number : closed) {
    if (::write(number, "x", 1) >= 0 || ::read(number, nullptr, 0) >= 0) ::_exit(101);
  }
  ::_exit(::open("/", O_PATH | O_CLOEXEC) > STDERR_FILENO ? 0 : 102);
}

TEST(OccupyStandardStreamsDeathTest, NothingIsOpenedAsOneThatWasClosed) {
  EXPECT_EXIT(open_without({STDOUT_FILENO}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(open_without({STDIN_FILENO, STDERR_FILENO}), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(open_without({}), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace warren::os
