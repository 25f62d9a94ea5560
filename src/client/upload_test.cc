// SPDX-License-Identifier: Apache-2.0

#include "client/upload.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    std::string name = fs::temp_directory_path() / "warren-upload-XXXXXX";
    root_ = ::mkdtemp(name.data());
    fs::create_directories(root_ / "data/sub");
    std::ofstream(root_ / "data/a.txt") << "alpha";
    std::ofstream(root_ / "data/sub/b.txt") << "beta";
    fs::create_symlink("a.txt", root_ / "data/link");
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] std::string path(const char* name) const { return root_ / name; }

  fs::path root_;
};

std::vector<std::string> names_of(const std::vector<UploadEntry>& entries) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const UploadEntry& entry : entries) names.push_back(entry.name);
  return names;
}

TEST_F(UploadTest, PutsAFileUnderItsBaseName) {
  const auto entries = list_uploads({.files = {path("data/a.txt")}, .directories = {}});
  ASSERT_TRUE(entries);
  EXPECT_THAT(names_of(*entries), ElementsAre("a.txt"));
}

TEST_F(UploadTest, PutsTheContentsOfADirectoryAtTheRootAndLinksItsName) {
  const auto entries = list_uploads({.files = {}, .directories = {path("data/")}});
  ASSERT_TRUE(entries);
  EXPECT_THAT(names_of(*entries), ElementsAre("a.txt", "data", "link", "sub", "sub/b.txt"));
  EXPECT_EQ((*entries)[1].type, UploadEntry::Type::kSymlink);
  EXPECT_EQ((*entries)[1].target, ".");
  EXPECT_EQ((*entries)[2].target, "a.txt");
}

TEST_F(UploadTest, LinksNoNameThatIsTaken) {
  fs::create_directory(root_ / "data/data");
  const auto entries = list_uploads({.files = {}, .directories = {path("data")}});
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[1].type, UploadEntry::Type::kDirectory);
}

TEST_F(UploadTest, RefusesWhatIsNoFile) {
  ASSERT_EQ(::mkfifo(path("data/pipe").c_str(), 0600), 0);
  EXPECT_THAT(list_uploads({.files = {}, .directories = {path("data")}}),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("data/pipe: only files")));
  EXPECT_THAT(list_uploads({.files = {path("data/pipe")}, .directories = {}}),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("only files")));
  EXPECT_THAT(list_uploads({.files = {path("none")}, .directories = {}}),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("No such file")));
}

TEST_F(UploadTest, RefusesTwoSourcesOfOneName) {
  EXPECT_THAT(list_uploads({.files = {path("data/a.txt")}, .directories = {path("data")}}),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("same name")));
}

TEST_F(UploadTest, WritesAnArchiveThatOthersRead) {
  const auto entries = list_uploads({.files = {}, .directories = {path("data")}});
  ASSERT_TRUE(entries);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  const auto written = write_archive(*entries, ::fileno(file.get()));
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(std::fseek(file.get(), 0, SEEK_SET), 0);

  archive* const reader = ::archive_read_new();
  ::archive_read_support_format_tar(reader);
  ASSERT_EQ(::archive_read_open_FILE(reader, file.get()), ARCHIVE_OK);
  std::map<std::string, std::string> contents;
  archive_entry* entry = nullptr;
  while (::archive_read_next_header(reader, &entry) == ARCHIVE_OK) {
    char bytes[16];
    const auto count = ::archive_read_data(reader, bytes, sizeof bytes);
    contents[::archive_entry_pathname(entry)] =
        std::string(bytes, static_cast<std::size_t>(std::max<la_ssize_t>(count, 0)));
  }
  ::archive_read_free(reader);
  EXPECT_EQ(contents["a.txt"], "alpha");
  EXPECT_EQ(contents["sub/b.txt"], "beta");
  EXPECT_TRUE(contents.contains("link"));
}

TEST_F(UploadTest, LeavesTheArchiveWithoutItsEndWhenAFileWentAway) {
  const auto entries = list_uploads({.files = {path("data/a.txt")}, .directories = {}});
  fs::remove(root_ / "data/a.txt");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  EXPECT_THAT(write_archive(*entries, ::fileno(file.get())),
              test::HoldsError(Errc::kNotFound, HasSubstr("uploading a.txt")));
  EXPECT_EQ(::lseek(::fileno(file.get()), 0, SEEK_END), 0);
}

}  // namespace
}  // namespace warren::client
