// SPDX-License-Identifier: Apache-2.0

#include "client/remote/remote.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/process.h"
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

struct RelayFiles {
  const os::UniqueFd& socket;
  const os::UniqueFd& target;
  const os::UniqueFd& complaints;
};

// A session of its own: what is typed at the terminal is for the job, and says nothing to the
// relay. Neither may it hold on to the terminal, or to a pipe whose reader waits for its end: none
// of what this program has open is for it.
Result<pid_t> spawn(const os::Program& program, const RelayFiles& files) {
  WARREN_TRY(os::context(os::close_on_exec_from(STDERR_FILENO + 1), "keeping descriptors"));
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, files.socket.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, files.complaints.get(), STDERR_FILENO);
  // Last: one of the others may occupy the number that it is about to take.
  ::posix_spawn_file_actions_adddup2(&actions, files.target.get(), kTargetDescriptor);
  sigset_t signals;
  sigfillset(&signals);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::string name = program.name();
  std::array<char*, 2> arguments{name.data(), nullptr};
  std::array<char*, 1> environment{nullptr};  // Much of it would change what the gRPC library does.
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.path().c_str(), &actions, &attributes,
                                  arguments.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return fail(Errc::kUnavailable, "starting {}: {}", name, os::message(os::Errno{error}));
}

// A relay that cannot run says why before it begins, as the loader does of a library that is
// missing on this machine.
std::unexpected<Error> not_started(const os::Program& program, const os::UniqueFd& complaints) {
  std::array<char, 512> text{};
  const auto read = os::call_for<std::size_t>(
      [&] { return ::pread(complaints.get(), text.data(), text.size(), 0); });
  std::string_view said(text.data(), read.value_or(0));
  said = said.substr(0, said.find('\n'));
  if (said.starts_with(program.name())) said.remove_prefix(program.name().size());
  if (said.empty()) said = ": it ended without a reason";
  return fail(Errc::kUnavailable, "starting {}{}", program.name(), said);
}

Result<os::UniqueFd> make_file_of_complaints() {
  return os::context(os::call_for_fd([] { return ::memfd_create("complaints", MFD_CLOEXEC); }),
                     "making a file in memory");
}

// The process that is started leaves the relay behind as a child of nobody here, and ends.
Result<> start_relay(const os::UniqueFd& socket, const Target& target) {
  const std::string bytes = to_bytes(target);
  const os::UniqueFd file = WARREN_TRY(os::context(
      os::make_sealed_file("target", std::as_bytes(std::span(bytes))), "describing a machine"));
  const os::UniqueFd complaints = WARREN_TRY(make_file_of_complaints());
  const os::Program program = WARREN_TRY(os::Program::find("warren-remote"));
  const pid_t pid =
      WARREN_TRY(spawn(program, {.socket = socket, .target = file, .complaints = complaints}));
  int status = 0;
  WARREN_TRY(os::context(os::call([&] { return ::waitpid(pid, &status, 0); }),
                         "waiting for warren-remote"));
  return status == 0 ? Result<>() : not_started(program, complaints);
}

}  // namespace

Result<wire::ClientChannel> open_remote(const Target& target) {
  SocketPair sockets = WARREN_TRY(make_sockets());
  WARREN_TRY(start_relay(sockets.theirs, target));
  sockets.theirs.reset();
  return wire::ClientChannel::over(std::move(sockets.ours), wire::LargeRequests::kAsFiles);
}

}  // namespace warren::client
