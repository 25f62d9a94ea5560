// SPDX-License-Identifier: Apache-2.0
//
// Base of the tests that need the real kernel: a private state directory that is gone afterwards
// with whatever a failed test left mounted in it. Where the host lacks something tests skip with
// the reason; WARREN_TEST_REQUIRE_SANDBOX=1 makes that a failure.

#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "base/node_id.h"
#include "os/mount.h"
#include "os/unique_fd.h"
#include "rootfs/directory_entries.h"

namespace warren::rootfs {

class StateDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "warren-rootfs-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    state_ = pattern;
    if (::geteuid() != 0) cannot_run("it needs root");
  }

  void TearDown() override {
    while (os::detach_mount((state_ + "/sandboxes").c_str())) {
    }
    EXPECT_TRUE(remove_tree(AT_FDCWD, state_.c_str()));
  }

  static void cannot_run(const std::string& reason) {
    if (std::getenv("WARREN_TEST_REQUIRE_SANDBOX") != nullptr) FAIL() << reason;
    GTEST_SKIP() << reason;
  }

  // The same number is the same sandbox.
  [[nodiscard]] static NodeId sandbox(std::uint8_t number) {
    return NodeId::make(Timestamp(std::chrono::seconds(1)), {number});
  }

  [[nodiscard]] static os::UniqueFd open_directory(const std::string& path) {
    return os::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }

  [[nodiscard]] const std::string& state() const { return state_; }

 private:
  std::string state_;
};

}  // namespace warren::rootfs
