// SPDX-License-Identifier: Apache-2.0

#include "rootfs/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <span>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::rootfs {
namespace {

constexpr std::array kDirectories = {"/usr/sbin", "/usr/bin",        "/sbin",
                                     "/bin",      "/usr/local/sbin", "/usr/local/bin"};

std::optional<std::string> locate(const std::string& name) {
  for (const char* directory : kDirectories) {
    std::string path = fmt::format("{}/{}", directory, name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

// Owns what posix_spawn(3) is told about descriptors.
class Redirections {
 public:
  Redirections() noexcept { ::posix_spawn_file_actions_init(&actions_); }
  Redirections(const Redirections&) = delete;
  Redirections& operator=(const Redirections&) = delete;
  ~Redirections() { ::posix_spawn_file_actions_destroy(&actions_); }

  void to_null(int fd) noexcept {
    ::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
  }
  void to(int target, int fd) noexcept {
    ::posix_spawn_file_actions_adddup2(&actions_, target, fd);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

Result<pid_t> spawn(const std::string& path, const std::vector<std::string>& arguments,
                    int error_output) {
  std::vector<char*> argv = {const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 1> environment = {nullptr};

  Redirections redirections;
  redirections.to_null(STDIN_FILENO);
  redirections.to_null(STDOUT_FILENO);
  redirections.to(error_output, STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, path.c_str(), redirections.get(), nullptr, argv.data(),
                                  environment.data());
  if (error != 0) return fail(Errc::kInternal, "running {}: {}", path, os::message({error}));
  return pid;
}

std::string first_line(int file) {
  std::array<char, 512> buffer{};
  const ssize_t count = ::pread(file, buffer.data(), buffer.size(), 0);
  const std::string text(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return text.substr(0, text.find('\n'));
}

}  // namespace

Result<> run_program(const std::string& name, const std::vector<std::string>& arguments) {
  const auto path = locate(name);
  if (!path) return fail(Errc::kUnavailable, "{} is not installed", name);
  const auto errors = WARREN_TRY(
      os::context(os::call_for_fd([&] { return ::memfd_create(name.c_str(), MFD_CLOEXEC); }),
                  "keeping the errors of {}", name));
  const pid_t pid = WARREN_TRY(spawn(*path, arguments, errors.get()));
  int status = 0;
  const auto ended = os::call([&] { return ::waitpid(pid, &status, 0); });
  if (!ended) return fail(Errc::kInternal, "waiting for {}: {}", name, os::message(ended.error()));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Errc::kInternal, "{}: {}", name, first_line(errors.get()));
}

}  // namespace warren::rootfs
