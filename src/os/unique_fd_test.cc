// SPDX-License-Identifier: Apache-2.0

#include "os/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/context.h"

namespace warren::os {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

UniqueFd open_null() {
  return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(UniqueFd, ClosesWhenItLeavesScope) {
  int fd = -1;
  {
    const UniqueFd owner = open_null();
    fd = owner.get();
    ASSERT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(UniqueFd, AssignmentClosesTheOldDescriptor) {
  UniqueFd owner = open_null();
  const int old = owner.get();
  owner = open_null();
  EXPECT_NE(owner.get(), old);
  EXPECT_FALSE(is_open(old));
}

TEST(UniqueFd, SurvivesSelfAssignment) {
  UniqueFd owner = open_null();
  UniqueFd& alias = owner;
  owner = std::move(alias);
  EXPECT_TRUE(is_open(owner.get()));
}

TEST(UniqueFd, CloseReportsTheKernelsError) {
  UniqueFd never_opened(987654);
  EXPECT_EQ(never_opened.close(), std::unexpected(Errno{EBADF}));
}

}  // namespace
}  // namespace warren::os
