// SPDX-License-Identifier: Apache-2.0

#include "os/file.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tuple>

#include "os/call.h"

namespace warren::os {

KernelResult<UniqueFd> open_at(int directory, const char* path, int flags, mode_t mode) noexcept {
  return call_for_fd(
      [&] { return ::openat(directory, path, flags | O_CLOEXEC | O_NOFOLLOW, mode); });
}

KernelResult<UniqueFd> open_in_root(int root, const char* path, int flags, mode_t mode) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW);
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return call_for_fd([&] { return ::syscall(SYS_openat2, root, path, &how, sizeof how); });
}

KernelResult<UniqueFd> duplicate(int fd, int lowest) noexcept {
  return call_for_fd([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, lowest); });
}

KernelResult<> occupy_standard_streams() noexcept {
  for (;;) {
    auto lowest = open_at(AT_FDCWD, "/", O_PATH);
    if (!lowest) return std::unexpected(lowest.error());
    if (lowest->get() > STDERR_FILENO) return {};
    std::ignore = lowest->release();  // Stays for as long as the program runs.
  }
}

KernelResult<> raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (const auto read = call([&] { return ::getrlimit(RLIMIT_NOFILE, &limit); }); !read)
    return read;
  limit.rlim_cur = limit.rlim_max;
  return call([&] { return ::setrlimit(RLIMIT_NOFILE, &limit); });
}

KernelResult<> make_directory(int directory, const char* path, mode_t mode) noexcept {
  return call([&] { return ::mkdirat(directory, path, mode); });
}

KernelResult<std::size_t> read_some(int fd, std::span<std::byte> buffer) noexcept {
  return call_for<std::size_t>([&] { return ::read(fd, buffer.data(), buffer.size()); });
}

KernelResult<std::size_t> write_some(int fd, std::span<const std::byte> bytes) noexcept {
  return call_for<std::size_t>([&] { return ::write(fd, bytes.data(), bytes.size()); });
}

KernelResult<> write_all(int fd, std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const auto written = write_some(fd, bytes);
    if (!written) return std::unexpected(written.error());
    bytes = bytes.subspan(*written);
  }
  return {};
}

KernelResult<std::size_t> write_at(int fd, std::span<const std::byte> bytes,
                                   std::uint64_t offset) noexcept {
  return call_for<std::size_t>(
      [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
}

}  // namespace warren::os
