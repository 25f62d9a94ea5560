// SPDX-License-Identifier: Apache-2.0

#include "provider/local/output_link.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "os/unique_fd.h"

namespace warren::provider {
namespace {

namespace fs = std::filesystem;
using ::testing::IsEmpty;

class OutputLink : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "warren-link-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    log_ = directory_ / "log";
    fs::create_directory(log_);
    fd_ = os::UniqueFd(::open(log_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void TearDown() override { fs::remove_all(directory_); }

  [[nodiscard]] OutputDirectory output() const { return {.fd = fd_.get(), .path = log_.string()}; }
  [[nodiscard]] std::string link() const { return (directory_ / "jobs" / "a").string(); }

  fs::path directory_;
  fs::path log_;
  os::UniqueFd fd_;
};

TEST_F(OutputLink, LeadsToTheOutputUntilItIsRemoved) {
  ASSERT_TRUE(make_output_link(output(), link()));
  std::ofstream(log_ / "stdout.log") << "text";
  std::string text;
  std::ifstream(fs::path(link()) / "stdout.log") >> text;
  EXPECT_EQ(text, "text");
  fs::remove(log_ / "stdout.log");
  ASSERT_TRUE(remove_output_link(output()));
  EXPECT_TRUE(fs::is_empty(directory_ / "jobs"));
  EXPECT_TRUE(fs::is_empty(log_));
  EXPECT_TRUE(remove_output_link(output()));
}

TEST_F(OutputLink, IsMadeAgainWhereAnAttemptHasLeftIt) {
  ASSERT_TRUE(make_output_link(output(), link()));
  ASSERT_TRUE(make_output_link(output(), (directory_ / "jobs" / "b").string()));
  EXPECT_FALSE(fs::is_symlink(link()));
  ASSERT_TRUE(remove_output_link(output()));
  EXPECT_TRUE(fs::is_empty(directory_ / "jobs"));
}

TEST_F(OutputLink, IsNotMadeWhereSomethingElseIs) {
  fs::create_directories(link());
  EXPECT_EQ(make_output_link(output(), link()).error().code, Errc::kAlreadyExists);
  ASSERT_TRUE(remove_output_link(output()));
  EXPECT_TRUE(fs::is_directory(fs::symlink_status(link())));
  EXPECT_TRUE(fs::is_empty(log_));
}

TEST_F(OutputLink, IsLeftAloneWhereItLeadsElsewhereByNow) {
  ASSERT_TRUE(make_output_link(output(), link()));
  fs::remove(link());
  fs::create_directory_symlink("/nowhere", link());
  ASSERT_TRUE(remove_output_link(output()));
  EXPECT_EQ(fs::read_symlink(link()), "/nowhere");
  EXPECT_TRUE(fs::is_empty(log_));
}

}  // namespace
}  // namespace warren::provider
