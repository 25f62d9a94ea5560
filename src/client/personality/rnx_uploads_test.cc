// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class AddUploads : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() / name; }

  std::string write(const std::string& name, const std::string& text = "x") const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

  Result<UploadCount> add(const UploadSources& sources) {
    return add_uploads(
        sources,
        [this](const UploadCount& read, const UploadCount& all) {
          heard_.push_back(
              fmt::format("{}/{} {}/{}", read.files, all.files, read.bytes, all.bytes));
        },
        request_);
  }

  // "path type mode content" of each.
  [[nodiscard]] std::vector<std::string> uploads() const {
    std::vector<std::string> lines;
    for (const auto& upload : request_.uploads()) {
      lines.push_back(fmt::format("{} {} {:o} {}", upload.path(), upload.is_directory() ? "d" : "f",
                                  upload.mode(), upload.content()));
    }
    return lines;
  }

  test::TempDirectory directory_;
  face::joblet::v2_11::RunJobReq request_;
  std::vector<std::string> heard_;
};

TEST_F(AddUploads, PutsFilesUnderTheirBaseNames) {
  const std::string script = write("deep/run.sh", "echo");
  fs::permissions(script, fs::perms(0750));
  const auto count = add({.files = {script}, .directories = {}});
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(count->files, 1U);
  EXPECT_EQ(count->bytes, 4U);
  EXPECT_THAT(uploads(), ElementsAre("run.sh f 750 echo"));
}

TEST_F(AddUploads, PutsWhatIsInADirectoryAtTheRootAndGivesItItsName) {
  fs::permissions(write("data/a.csv", "1"), fs::perms(0644));
  fs::permissions(write("data/sub/b.csv", "22"), fs::perms(0600));
  fs::permissions(path("data/sub"), fs::perms(0700));
  const auto count = add({.files = {}, .directories = {path("data")}});
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(count->files, 2U);
  EXPECT_THAT(uploads(),
              ElementsAre("a.csv f 644 1", "data d 0 .", "sub d 700 ", "sub/b.csv f 600 22"));
  EXPECT_THAT(heard_, ElementsAre("1/2 1/3", "2/2 3/3"));
}

TEST_F(AddUploads, TakesALinkForTheFileOfTheSameDirectory) {
  fs::permissions(write("data/sub/real", "1"), fs::perms(0644));
  fs::permissions(path("data/sub"), fs::perms(0755));
  fs::create_symlink("sub/real", path("data/link"));
  ASSERT_TRUE(add({.files = {}, .directories = {path("data")}}));
  EXPECT_THAT(uploads(),
              ElementsAre("data d 0 .", "link f 644 1", "sub d 755 ", "sub/real f 644 1"));
}

TEST_F(AddUploads, RefusesLinksThatLeadElsewhere) {
  write("secret");
  write("data/sub/a");
  for (const char* const target : {"../secret", "/etc/passwd", "sub", "nothing", "link"}) {
    fs::create_symlink(target, path("data/link"));
    EXPECT_THAT(add({.files = {}, .directories = {path("data")}}),
                HoldsError(Errc::kInvalidArgument, HasSubstr("a file of the same directory")))
        << target;
    fs::remove(path("data/link"));
  }
}

TEST_F(AddUploads, RefusesAFileThatIsTooLarge) {
  fs::resize_file(write("large"), (50U << 20U) + 1);
  EXPECT_THAT(add({.files = {path("large")}, .directories = {}}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("larger than the 50 MiB")));
}

TEST_F(AddUploads, RefusesTooMuchBeforeAnythingIsRead) {
  for (const char* const name : {"many/a", "many/b", "many/c"}) {
    fs::resize_file(write(name), 40U << 20U);
  }
  EXPECT_THAT(add({.files = {}, .directories = {path("many")}}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("100 MiB are the most")));
  EXPECT_TRUE(heard_.empty());
}

TEST_F(AddUploads, RefusesWhatThereIsNotAndWhatIsNoFile) {
  EXPECT_THAT(add({.files = {path("none")}, .directories = {}}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("none")));
  fs::create_directory(path("empty"));
  EXPECT_THAT(add({.files = {path("empty")}, .directories = {}}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("--upload-dir")));
}

}  // namespace
}  // namespace warren::client
