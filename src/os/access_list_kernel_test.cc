// SPDX-License-Identifier: Apache-2.0
//
// Who an access list lets in, by trying. Needs root.

#include "os/access_list.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "os/call.h"
#include "os/credentials.h"

namespace warren::os {
namespace {

constexpr uid_t kStranger = 65534;
constexpr gid_t kGuests = 4711;
constexpr gid_t kOthers = 4712;

// What a user of that group gets who opens `file`: 0 or an errno.
int opened_by_group(const std::string& file, gid_t group, int flags) {
  int outcome = -1;
  std::thread([&] {
    if (!set_groups({}) || !become_user(kStranger, group)) return;
    const auto opened = call_for_fd([&] { return ::open(file.c_str(), flags | O_CLOEXEC); });
    outcome = opened ? 0 : opened.error().value;
  }).join();
  return outcome;
}

class AdmitGroup : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::chmod(directory_.c_str(), 0750), 0);
    ASSERT_TRUE(call_for_fd([&] { return ::open(file_.c_str(), O_CREAT | O_CLOEXEC, 0640); }));
    ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  }
  void admit_guests() {
    const auto through = admit_group(directory_.c_str(), kGuests, X_OK);
    if (!through && through.error().value == EOPNOTSUPP) GTEST_SKIP() << "no access lists here";
    ASSERT_TRUE(through);
    ASSERT_TRUE(admit_group(file_.c_str(), kGuests, R_OK | W_OK));
  }

  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string name_ = std::filesystem::temp_directory_path() / "warren-acl-XXXXXX";
  const std::string directory_ = ::mkdtemp(name_.data());
  const std::string file_ = directory_ + "/file";
};

TEST_F(AdmitGroup, LetsItsMembersInAndNobodyElse) {
  EXPECT_EQ(opened_by_group(file_, kGuests, O_RDWR), EACCES);
  admit_guests();
  EXPECT_EQ(opened_by_group(file_, kGuests, O_RDWR), 0);
  EXPECT_EQ(opened_by_group(file_, kOthers, O_RDONLY), EACCES);
}

TEST_F(AdmitGroup, GivesNoMoreThanItWasTold) {
  admit_guests();
  EXPECT_EQ(opened_by_group(directory_, kGuests, O_RDONLY), EACCES);
  EXPECT_EQ(opened_by_group(directory_ + "/new", kGuests, O_CREAT | O_RDWR), EACCES);
}

TEST_F(AdmitGroup, LeavesTheOwningGroupWhatItHad) {
  for (const auto& path : {directory_, file_}) {
    ASSERT_EQ(::chown(path.c_str(), 0, kOthers), 0);
  }
  admit_guests();
  EXPECT_EQ(opened_by_group(file_, kOthers, O_RDONLY), 0);
  EXPECT_EQ(opened_by_group(file_, kOthers, O_RDWR), EACCES);
}

}  // namespace
}  // namespace warren::os
