// SPDX-License-Identifier: Apache-2.0

#include "client/remote/remote.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <span>
#include <string>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/program.h"
#include "os/sealed_file.h"

namespace warren::client {
namespace {

struct SocketPair {
  os::UniqueFd ours;
  os::UniqueFd theirs;
};

Result<SocketPair> make_sockets() {
  std::array<int, 2> ends{-1, -1};
  WARREN_TRY(os::context(
      os::call([&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()); }),
      "creating a pair of sockets"));
  return SocketPair{.ours = os::UniqueFd(ends[0]), .theirs = os::UniqueFd(ends[1])};
}

// A session of its own: what is typed at the terminal is for the job, and says nothing to the
// relay. Neither may it hold on to the terminal, or to a pipe whose reader waits for its end.
Result<pid_t> spawn(std::string program, const os::UniqueFd& socket, const os::UniqueFd& target) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  // The socket first: it may occupy the number that the target is about to take.
  ::posix_spawn_file_actions_adddup2(&actions, socket.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, target.get(), kTargetDescriptor);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, kTargetDescriptor + 1);
  sigset_t signals;
  sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::array<char*, 2> arguments{program.data(), nullptr};
  std::array<char*, 1> environment{nullptr};  // Much of it would change what the gRPC library does.
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments.data(),
                                  environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return fail(Errc::kUnavailable, "starting {}: {}", program, os::message(os::Errno{error}));
}

// The process that is started leaves the relay behind as a child of nobody here, and ends.
Result<> start_relay(const os::UniqueFd& socket, const Target& target) {
  const std::string bytes = to_bytes(target);
  const os::UniqueFd file = WARREN_TRY(os::context(
      os::make_sealed_file("target", std::as_bytes(std::span(bytes))), "describing a machine"));
  std::string program =
      WARREN_TRY(os::context(os::find_program("warren-remote"), "finding warren-remote"));
  const pid_t pid = WARREN_TRY(spawn(std::move(program), socket, file));
  int status = 0;
  return os::context(os::call([&] { return ::waitpid(pid, &status, 0); }),
                     "waiting for warren-remote");
}

}  // namespace

Result<wire::ClientChannel> open_remote(const Target& target) {
  SocketPair sockets = WARREN_TRY(make_sockets());
  WARREN_TRY(start_relay(sockets.theirs, target));
  sockets.theirs.reset();
  return wire::ClientChannel::over(std::move(sockets.ours), wire::LargeRequests::kAsFiles);
}

}  // namespace warren::client
