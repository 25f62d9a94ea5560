// SPDX-License-Identifier: Apache-2.0

#include "client/engine_start.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>
#include <string_view>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "wire/startup.h"

namespace warren::client {
namespace {

constexpr int kReadyDescriptor = 3;

// What posix_spawn(3) does in the child before it executes the engine.
class SpawnSetup {
 public:
  explicit SpawnSetup(int ready) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    // The pipe first: it may occupy one of the numbers that the others are about to take.
    ::posix_spawn_file_actions_adddup2(&actions_, ready, kReadyDescriptor);
    ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, kReadyDescriptor + 1);
    ::posix_spawn_file_actions_addchdir_np(&actions_, "/");
    sigset_t signals;
    sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::posix_spawnattr_setflags(&attributes_,
                               POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnSetup() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Only Warren's own variables: an engine outlives the shell it was started from.
std::vector<std::string> engine_environment() {
  std::vector<std::string> kept = {
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("WARREN_")) kept.emplace_back(*variable);
  }
  return kept;
}

Result<pid_t> spawn(const Places& places, int ready) {
  std::string program = WARREN_TRY(engine_program());
  std::vector<std::string> arguments = engine_arguments(places);
  arguments.insert(arguments.begin(), program);
  arguments.insert(arguments.end(), {"--ready-fd", std::to_string(kReadyDescriptor)});
  std::vector<std::string> environment = engine_environment();
  const SpawnSetup setup(ready);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), setup.actions(), setup.attributes(),
                                  pointers_to(arguments).data(), pointers_to(environment).data());
  if (error != 0) {
    return fail(Errc::kUnavailable, "starting {}: {}", program, os::message(os::Errno{error}));
  }
  return pid;
}

Result<std::string> read_line_until_closed(int fd) {
  std::string line;
  std::array<char, 1024> buffer;
  for (;;) {
    const std::size_t count = WARREN_TRY(os::context(
        os::read_some(fd, std::as_writable_bytes(std::span(buffer))), "waiting for the engine"));
    if (count == 0) return line;
    line.append(buffer.data(), count);
  }
}

}  // namespace

Result<std::string> engine_program() {
  std::array<char, PATH_MAX> path;
  const std::size_t length =
      WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                               return ::readlink("/proc/self/exe", path.data(), path.size());
                             }),
                             "finding warrend"));
  const std::string_view self(path.data(), length);
  return std::string(self.substr(0, self.rfind('/') + 1)) + "warrend";
}

std::vector<std::string> engine_arguments(const Places& places) {
  std::vector<std::string> arguments = {"--state-dir", places.state_dir, "--runtime-dir",
                                        places.runtime_dir};
  if (!places.config.empty()) arguments.insert(arguments.end(), {"--config", places.config});
  return arguments;
}

Result<> start_engine(const Places& places) {
  int ends[2];
  WARREN_TRY(os::context(os::call([&] { return ::pipe2(ends, O_CLOEXEC); }), "creating a pipe"));
  const os::UniqueFd reader(ends[0]);
  os::UniqueFd writer(ends[1]);
  const pid_t pid = WARREN_TRY(spawn(places, writer.get()));
  writer.reset();
  std::string line = WARREN_TRY(read_line_until_closed(reader.get()));
  if (line == wire::kReadyLine) return {};
  // It has said why it cannot run, or nothing, and is about to end.
  int status = 0;
  WARREN_TRY(os::context(os::call([&] { return ::waitpid(pid, &status, 0); }),
                         "waiting for the engine to end"));
  while (line.ends_with('\n')) line.pop_back();
  if (constexpr std::string_view kPrefix = "error: "; line.starts_with(kPrefix)) {
    line.erase(0, kPrefix.size());
  }
  if (line.empty()) line = "it ended without a reason; its log is in " + places.state_dir;
  const bool is_other = WIFEXITED(status) && WEXITSTATUS(status) == wire::kAnotherEngineRuns;
  return fail(is_other ? Errc::kAlreadyExists : Errc::kUnavailable, "starting the engine: {}",
              line);
}

}  // namespace warren::client
