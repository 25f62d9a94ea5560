// SPDX-License-Identifier: Apache-2.0

#include "client/output_stream.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "os/call.h"
#include "os/context.h"

namespace warren::client {
namespace {

constexpr std::size_t kCopySize = 128 << 10;

mode_t type_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

bool is_writable_now(int fd) {
  pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&waiting, 1, 0) > 0;
}

}  // namespace

OutputStream::OutputStream(int fd)
    : fd_(fd), is_pipe_(type_of(fd) == S_IFIFO), is_file_(type_of(fd) == S_IFREG) {}

os::KernelResult<std::size_t> OutputStream::write(std::string_view bytes) const noexcept {
  if (!is_file_) {
    // A pipe or terminal that is ready takes PIPE_BUF bytes without waiting. The descriptor cannot
    // be made non-blocking: others share it.
    if (!is_writable_now(fd_)) return std::unexpected(os::Errno{EAGAIN});
    bytes = bytes.substr(0, PIPE_BUF);
  }
  return os::call_for<std::size_t>([&] { return ::write(fd_, bytes.data(), bytes.size()); });
}

os::KernelResult<std::size_t> OutputStream::move_from(int file, std::uint64_t offset,
                                                      std::uint64_t length) const noexcept {
  if (is_pipe_) {
    auto position = static_cast<off64_t>(offset);
    const auto moved = os::call_for<std::size_t>(
        [&] { return ::splice(file, &position, fd_, nullptr, length, SPLICE_F_NONBLOCK); });
    if (moved || moved.error() != os::Errno{EINVAL}) return moved;
  }
  std::array<char, kCopySize> bytes;
  const std::size_t wanted = is_file_ ? bytes.size() : PIPE_BUF;
  const auto read = os::call_for<std::size_t>([&] {
    return ::pread(file, bytes.data(), std::min<std::uint64_t>(wanted, length),
                   static_cast<off_t>(offset));
  });
  if (!read || *read == 0) return read;
  return write(std::string_view(bytes.data(), *read));
}

Result<> print(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written =
        os::call_for<std::size_t>([&] { return ::write(fd, text.data(), text.size()); });
    if (written) {
      text.remove_prefix(*written);
    } else if (written.error() == os::Errno{EPIPE}) {
      die_of_broken_pipe();
    } else if (written.error() == os::Errno{EAGAIN}) {
      pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, -1);
    } else {
      return fail(Errc::kInternal, "writing output: {}", os::message(written.error()));
    }
  }
  return {};
}

void die_of_broken_pipe() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &action, nullptr);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  ::raise(SIGPIPE);
  ::_exit(128 + SIGPIPE);
}

}  // namespace warren::client
