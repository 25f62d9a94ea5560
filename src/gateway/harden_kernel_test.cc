// SPDX-License-Identifier: Apache-2.0

#include "gateway/harden.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include "os/socket.h"

namespace warren::gateway {
namespace {

constexpr os::Account kSomebody{.uid = 4711, .gid = 4712};
constexpr int kRefused = 77;

// How a child ended that has given up everything and then has run `action`.
template <typename Action>
int ended_after(const os::Account& account, Action action) {
  const pid_t child = ::fork();
  if (child == 0) {
    clear_environment();
    if (!drop_privileges(account) || !restrict_calls()) ::_exit(kRefused);
    ::_exit(action());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status;
}

bool is_ended_by_filter(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

bool has_exited(int status, int code) {
  return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

// What stands in a line of this thread's status.
std::string status_line(const std::string& key) {
  std::ifstream file("/proc/thread-self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of("\t ", key.size());
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

TEST(DropPrivileges, LeavesNothing) {
  const int status = ended_after(kSomebody, [] {
    for (const char* set : {"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"}) {
      if (status_line(set) != "0000000000000000") return 1;
    }
    if (status_line("Uid:") != "4711\t4711\t4711\t4711") return 2;
    if (status_line("Gid:") != "4712\t4712\t4712\t4712") return 3;
    if (!status_line("Groups:").empty()) return 4;
    if (status_line("NoNewPrivs:") != "1" || status_line("Seccomp:") != "2") return 5;
    return environ == nullptr || *environ == nullptr ? 0 : 6;
  });
  EXPECT_TRUE(has_exited(status, 0)) << status;
}

TEST(DropPrivileges, DoesNotStayRoot) {
  const int status = ended_after({.uid = 0, .gid = 0}, [] { return 0; });
  EXPECT_TRUE(has_exited(status, kRefused)) << status;
}

TEST(RestrictCalls, EndsWhoExecutesAProgram) {
  EXPECT_TRUE(is_ended_by_filter(
      ended_after(kSomebody, [] { return ::execl("/bin/true", "true", nullptr); })));
}

TEST(RestrictCalls, EndsWhoOpensASocketToTheNetwork) {
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
    EXPECT_TRUE(is_ended_by_filter(
        ended_after(kSomebody, [family] { return ::socket(family, SOCK_STREAM, 0); })));
  }
  EXPECT_TRUE(
      is_ended_by_filter(ended_after(kSomebody, [] { return ::socket(AF_UNIX, SOCK_DGRAM, 0); })));
}

TEST(RestrictCalls, EndsWhoListens) {
  EXPECT_TRUE(is_ended_by_filter(ended_after(
      kSomebody, [] { return ::listen(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 1); })));
}

TEST(RestrictCalls, EndsWhoWritesAFileOrMakesCode) {
  EXPECT_TRUE(is_ended_by_filter(ended_after(
      kSomebody, [] { return ::open("/tmp/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600); })));
  EXPECT_TRUE(is_ended_by_filter(
      ended_after(kSomebody, [] { return ::open("/dev/null", O_RDWR | O_CLOEXEC); })));
  EXPECT_TRUE(is_ended_by_filter(ended_after(kSomebody, [] {
    return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
  })));
}

TEST(RestrictCalls, EndsWhoMakesOrTracesAProcess) {
  EXPECT_TRUE(is_ended_by_filter(ended_after(kSomebody, [] { return ::fork() < 0 ? 1 : 0; })));
  EXPECT_TRUE(is_ended_by_filter(ended_after(
      kSomebody, [] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); })));
}

TEST(RestrictCalls, LeavesWhatAGatewayDoes) {
  const int status = ended_after(kSomebody, [] {
    int from_thread = 1;
    std::thread([&from_thread] { from_thread = status_line("Seccomp:") == "2" ? 0 : 2; }).join();
    if (from_thread != 0) return from_thread;
    if (::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) < 0) return 3;
    const auto pair = os::make_stream_pair();
    if (!pair || !os::bind_abstract(pair->first.get(), "warren-harden-test")) return 4;
    return ::open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? 5 : 0;
  });
  EXPECT_TRUE(has_exited(status, 0)) << status;
}

}  // namespace
}  // namespace warren::gateway
