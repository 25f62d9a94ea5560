// SPDX-License-Identifier: Apache-2.0

#include "os/journal_stream.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>

namespace warren::os {
namespace {

TEST(IsJournalStream, KnowsADescriptorByItsNumbers) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  struct stat end {};
  ASSERT_EQ(::fstat(ends[1], &end), 0);
  const std::string numbers = fmt::format("{}:{}", end.st_dev, end.st_ino);
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_journal_stream(ends[1]));
  ::setenv("JOURNAL_STREAM", numbers.c_str(), 1);
  EXPECT_TRUE(is_journal_stream(ends[1]));
  ::setenv("JOURNAL_STREAM", (numbers + "0").c_str(), 1);  // Its standard error went elsewhere.
  EXPECT_FALSE(is_journal_stream(ends[1]));
  ::unsetenv("JOURNAL_STREAM");
  for (const int fd : ends) ::close(fd);
}

}  // namespace
}  // namespace warren::os
