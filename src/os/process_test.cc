// SPDX-License-Identifier: Apache-2.0

#include "os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

#include "os/call.h"
#include "os/file.h"
#include "os/socket.h"

namespace warren::os {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

// Reaps `child` once it has ended: its wait status, or -1 when it does not end.
int wait_status(const Child& child) {
  pollfd end{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
  if (::poll(&end, 1, 20'000) != 1) return -1;
  int status = -1;
  return ::waitpid(child.pid, &status, 0) == child.pid ? status : -1;
}

class Spawn : public ::testing::Test {
 protected:
  KernelResult<Child> start(int (*entry)(void*), void* argument, std::uint64_t flags = 0) {
    return spawn({.flags = flags, .cgroup = -1}, entry, argument, stack_);
  }

 private:
  alignas(16) std::array<std::byte, 65536> stack_;
};

TEST_F(Spawn, RunsTheChildInTheCallersMemoryBeforeItReturns) {
  int seen = 0;
  const auto child = start(
      [](void* argument) {
        *static_cast<int*>(argument) = 42;
        return 0;
      },
      &seen);
  ASSERT_TRUE(child);
  EXPECT_EQ(seen, 42);
  EXPECT_EQ(wait_status(*child), 0);
}

TEST_F(Spawn, TheChildEndsWithWhatItsEntryReturned) {
  const auto child = start([](void*) { return 7; }, nullptr);
  ASSERT_TRUE(child);
  const int status = wait_status(*child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(Spawn, ReportsTheKernelsError) {
  const auto child = start([](void*) { return 0; }, nullptr, CLONE_THREAD);
  EXPECT_EQ(child.error(), Errno{EINVAL});
}

TEST_F(Spawn, SurvivesARowOfChildren) {
  for (int round = 0; round < 100; ++round) {
    const auto child = start([](void*) { return 0; }, nullptr);
    ASSERT_TRUE(child);
    ASSERT_EQ(wait_status(*child), 0);
  }
}

TEST_F(Spawn, ExecutesAProgramByItsDescriptor) {
  const UniqueFd shell(::open("/bin/sh", O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(shell);
  const auto child = start(
      [](void* argument) {
        char name[] = "sh";
        char option[] = "-c";
        char script[] = "exit 9";
        char* argv[] = {name, option, script, nullptr};
        char* envp[] = {nullptr};
        std::ignore = execute(*static_cast<int*>(argument), argv, envp);
        return 1;
      },
      std::array{shell.get()}.data());
  ASSERT_TRUE(child);
  const int status = wait_status(*child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 9);
}

TEST_F(Spawn, ExecuteReturnsWhyItFailed) {
  Errno error{0};
  const auto child = start(
      [](void* argument) {
        char* none[] = {nullptr};
        *static_cast<Errno*>(argument) = execute(-1, none, none);
        return 0;
      },
      &error);
  ASSERT_TRUE(child);
  EXPECT_EQ(wait_status(*child), 0);
  EXPECT_EQ(error, Errno{EBADF});
}

// What a child with the caller's descriptor table does to its own copy of it.
struct Closing {
  int kept;
  int closed;
  bool kept_is_open = false;
  bool closed_is_open = true;
};

TEST_F(Spawn, CloseFromWithUnshareLeavesTheParentsTableAlone) {
  const UniqueFd low(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd high(::fcntl(low.get(), F_DUPFD_CLOEXEC, low.get() + 1));
  Closing closing{.kept = low.get(), .closed = high.get()};
  const auto child = start(
      [](void* argument) {
        auto& wanted = *static_cast<Closing*>(argument);
        const auto first = static_cast<unsigned>(wanted.kept) + 1;
        if (!close_from(first, Unshare::kYes)) return 1;
        wanted.kept_is_open = is_open(wanted.kept);
        wanted.closed_is_open = is_open(wanted.closed);
        return 0;
      },
      &closing, CLONE_FILES);
  ASSERT_TRUE(child);
  ASSERT_EQ(wait_status(*child), 0);
  EXPECT_TRUE(closing.kept_is_open);
  EXPECT_FALSE(closing.closed_is_open);
  EXPECT_TRUE(is_open(low.get()));
  EXPECT_TRUE(is_open(high.get()));
}

// A child that waits for the end of a pipe.
class Waiting : public ::testing::Test {
 protected:
  void SetUp() override {
    pipe_ = *make_pipe();
    pid_ = ::fork();
    ASSERT_GE(pid_, 0);
    if (pid_ == 0) {
      pipe_.write.reset();
      char byte;
      ::_exit(::read(pipe_.read.get(), &byte, 1) == 0 ? 3 : 4);
    }
    process_ = *open_process(pid_);
  }
  void TearDown() override {
    pipe_.write.reset();
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }

  [[nodiscard]] bool has_ended(int timeout_ms) const {
    pollfd end{.fd = process_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&end, 1, timeout_ms) == 1;
  }

  pid_t pid_ = -1;
  UniqueFd process_;
  Pipe pipe_;
};

TEST_F(Waiting, GetsSignalsThroughItsDescriptor) {
  EXPECT_FALSE(has_ended(0));
  ASSERT_TRUE(send_signal(process_.get(), SIGTERM));
  ASSERT_TRUE(has_ended(20'000));
  const auto reaped = reap_any();
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->pid, pid_);
  ASSERT_TRUE(WIFSIGNALED(reaped->wait_status));
  EXPECT_EQ(WTERMSIG(reaped->wait_status), SIGTERM);
}

TEST_F(Waiting, CannotBeSignalledOnceItIsReaped) {
  pipe_.write.reset();
  ASSERT_TRUE(has_ended(20'000));
  EXPECT_EQ(reap_any()->pid, pid_);
  EXPECT_EQ(send_signal(process_.get(), SIGTERM), std::unexpected(Errno{ESRCH}));
}

TEST_F(Waiting, IsNotReapedWhileItLives) {
  const auto reaped = reap_any();
  ASSERT_TRUE(reaped);
  EXPECT_EQ(reaped->pid, 0);
}

TEST(ReapAny, SaysWhenThereIsNoChild) {
  EXPECT_EQ(reap_any().error(), Errno{ECHILD});
}

TEST(OpenProcess, SaysWhenThereIsNoSuchProcess) {
  EXPECT_EQ(open_process(0x7fffffff).error(), Errno{ESRCH});
}

TEST(SetAffinity, BindsTheCallingThread) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  std::uint32_t core = 0;
  while (!CPU_ISSET(core, &before)) ++core;
  ASSERT_TRUE(set_affinity(std::array{core}));
  cpu_set_t now;
  ASSERT_EQ(::sched_getaffinity(0, sizeof now, &now), 0);
  EXPECT_EQ(CPU_COUNT(&now), 1);
  EXPECT_TRUE(CPU_ISSET(core, &now));
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(SetAffinity, RefusesACoreThatNoKernelHas) {
  EXPECT_EQ(set_affinity(std::array{4096U}), std::unexpected(Errno{EINVAL}));
}

}  // namespace
}  // namespace warren::os
