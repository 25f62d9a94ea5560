// SPDX-License-Identifier: Apache-2.0

#include "certs/directory.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::certs {
namespace {

using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::optional<std::string> text(const Directory& directory, const std::string& name) {
  return directory.read(name).value_or("unreadable");
}

class DirectoryTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return temp_.path() / name; }

  [[nodiscard]] Directory open(const std::string& name = "a/b") const {
    auto opened = Directory::open_or_create(path(name));
    if (!opened) throw std::runtime_error(opened.error().message);
    return *std::move(opened);
  }

 private:
  test::TempDirectory temp_;
};

TEST_F(DirectoryTest, IsMadeForItsOwnerAlone) {
  const Directory directory = open("a/b/");
  EXPECT_EQ(directory.path(), path("a/b"));
  EXPECT_EQ(mode_of(path("a/b")), 0700U);
  ASSERT_TRUE(directory.below("c"));
  EXPECT_EQ(mode_of(path("a/b/c")), 0700U);
}

TEST_F(DirectoryTest, KeepsTheModeOfOneThatExists) {
  ASSERT_EQ(::mkdir(path("a").c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path("a").c_str(), 0755), 0);
  const Directory directory = open("a");
  EXPECT_EQ(mode_of(path("a")), 0755U);
}

TEST_F(DirectoryTest, RefusesOneThatEverybodyWritesTo) {
  std::filesystem::create_directory(path("a"));
  ASSERT_EQ(::chmod(path("a").c_str(), 01777), 0);
  EXPECT_THAT(Directory::open_or_create(path("a")),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("writable by everybody")));
}

TEST_F(DirectoryTest, WritesFilesForTheirOwnerAlone) {
  const Directory directory = open();
  ASSERT_TRUE(directory.write("f", "one"));
  ASSERT_TRUE(directory.write("f", "two"));
  EXPECT_EQ(mode_of(path("a/b/f")), 0600U);
  EXPECT_EQ(text(directory, "f"), "two");
  EXPECT_EQ(text(directory, "g"), std::nullopt);
  EXPECT_THAT(*directory.names(), ElementsAre("f"));
}

TEST_F(DirectoryTest, ReplacesALinkAndNotWhatItNames) {
  const Directory directory = open();
  std::ofstream(path("elsewhere")) << "kept";
  std::filesystem::create_symlink(path("elsewhere"), path("a/b/f"));
  std::filesystem::create_symlink(path("elsewhere"), path("a/b/.f.new"));
  ASSERT_TRUE(directory.write("f", "new"));
  EXPECT_EQ(text(directory, "f"), "new");
  EXPECT_FALSE(std::filesystem::is_symlink(path("a/b/f")));
  std::string kept;
  std::ifstream(path("elsewhere")) >> kept;
  EXPECT_EQ(kept, "kept");
}

TEST_F(DirectoryTest, DoesNotFollowALinkDown) {
  const Directory directory = open();
  std::filesystem::create_directory_symlink(path("a"), path("a/b/c"));
  EXPECT_FALSE(directory.below("c"));
}

TEST_F(DirectoryTest, LeavesNothingHalfDone) {
  const Directory directory = open();
  std::filesystem::create_directory(path("a/b/f"));
  EXPECT_FALSE(directory.write("f", "text"));
  ASSERT_TRUE(directory.write("g", "text"));
  EXPECT_THAT(*directory.names(), ElementsAre("f", "g"));
  EXPECT_FALSE(std::filesystem::exists(path("a/b/.g.new")));
}

TEST_F(DirectoryTest, WritesAllFilesOrNone) {
  const Directory directory = open();
  ASSERT_TRUE(directory.write(std::array{File{"key", "old"}, File{"certificate", "old"}}));
  const std::string too_long(300, 'x');
  EXPECT_FALSE(directory.write(std::array{File{"key", "new"}, File{too_long, "new"}}));
  EXPECT_EQ(text(directory, "key"), "old");
  EXPECT_FALSE(std::filesystem::exists(path("a/b/.key.new")));
  ASSERT_TRUE(directory.write(std::array{File{"key", "new"}, File{"certificate", "new"}}));
  EXPECT_EQ(text(directory, "key"), "new");
  EXPECT_EQ(text(directory, "certificate"), "new");
}

TEST_F(DirectoryTest, OpensOnlyWhatIsThere) {
  EXPECT_THAT(Directory::open(path("none")), HoldsError(Errc::kNotFound, HasSubstr("opening")));
}

}  // namespace
}  // namespace warren::certs
