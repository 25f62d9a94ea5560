// SPDX-License-Identifier: Apache-2.0

#include "client/keeper.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

// A child of this process, until its end.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::pause();
    ::_exit(0);
  }
  ~Sleeper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(FindKeeper, FindsTheParentThatHasSaidSo) {
  const test::TempDirectory directory;
  const Sleeper engine;
  ASSERT_TRUE(begin_keeping(directory.path()));
  const auto keeper = find_keeper(directory.path(), engine.pid());
  ASSERT_TRUE(keeper);
  pollfd ended{.fd = keeper->get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ended, 1, 0), 0);
}

TEST(FindKeeper, FindsNobodyAfterItHasStopped) {
  const test::TempDirectory directory;
  const Sleeper engine;
  ASSERT_TRUE(begin_keeping(directory.path()));
  stop_keeping(directory.path());
  EXPECT_FALSE(find_keeper(directory.path(), engine.pid()));
}

TEST(FindKeeper, DoesNotBelieveTheFileOfAnotherProcess) {
  const test::TempDirectory directory;
  const Sleeper engine;
  std::ofstream(directory.path() / "serve.pid") << "1\n";
  EXPECT_FALSE(find_keeper(directory.path(), engine.pid()));
  std::ofstream(directory.path() / "serve.pid") << "none\n";
  EXPECT_FALSE(find_keeper(directory.path(), engine.pid()));
}

}  // namespace
}  // namespace warren::client
