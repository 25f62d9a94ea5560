// SPDX-License-Identifier: Apache-2.0

#include "client/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

std::string text_of(const test::TempDirectory& directory) {
  std::string text;
  std::getline(std::ifstream(directory.path() / "serve.pid"), text);
  return text;
}

void write_to(const test::TempDirectory& directory, const std::string& text) {
  std::ofstream(directory.path() / "serve.pid") << text << '\n';
}

TEST(FindKeeper, FindsTheOneThatHasSaidSo) {
  const test::TempDirectory directory;
  ASSERT_TRUE(begin_keeping(directory.path()));
  const auto keeper = find_keeper(directory.path());
  ASSERT_TRUE(keeper);
  EXPECT_EQ(keeper->pid, ::getpid());
  pollfd ended{.fd = keeper->process.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);
}

TEST(FindKeeper, FindsNobodyAfterItHasStopped) {
  const test::TempDirectory directory;
  ASSERT_TRUE(begin_keeping(directory.path()));
  stop_keeping(directory.path());
  EXPECT_FALSE(find_keeper(directory.path()));
}

TEST(FindKeeper, DoesNotTakeAnotherProcessForTheOneThatHadItsNumber) {
  const test::TempDirectory directory;
  ASSERT_TRUE(begin_keeping(directory.path()));
  write_to(directory, text_of(directory) + "0");  // Began later.
  EXPECT_FALSE(find_keeper(directory.path()));
  for (const char* text : {"1", "none", "", "-1 1", "1 0"}) {
    write_to(directory, text);
    EXPECT_FALSE(find_keeper(directory.path())) << text;
  }
}

TEST(RequireNoKeeper, DoesNotCountItself) {
  const test::TempDirectory directory;
  ASSERT_TRUE(begin_keeping(directory.path()));
  EXPECT_TRUE(require_no_keeper(directory.path()));
}

TEST(RequireNoKeeper, NamesAnother) {
  const test::TempDirectory directory;
  const pid_t other = ::fork();
  if (other == 0) {
    const bool begun = begin_keeping(directory.path()).has_value();
    ::kill(::getpid(), SIGSTOP);
    ::_exit(begun ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(other, &status, WUNTRACED), other);
  EXPECT_THAT(require_no_keeper(directory.path()),
              HoldsError(Errc::kAlreadyExists, HasSubstr(std::to_string(other))));
  ::kill(other, SIGKILL);
  ASSERT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_TRUE(require_no_keeper(directory.path()));
}

}  // namespace
}  // namespace warren::client
