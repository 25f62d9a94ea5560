// SPDX-License-Identifier: Apache-2.0
//
// Files by descriptor. Every descriptor is opened O_CLOEXEC and, unless said, O_NOFOLLOW.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

// openat(2) of `path` below `directory` (AT_FDCWD for the working directory).
[[nodiscard]] KernelResult<UniqueFd> open_at(int directory, const char* path, int flags,
                                             mode_t mode = 0) noexcept;

// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: nothing that a
// workload can place below `root` leads out of it.
[[nodiscard]] KernelResult<UniqueFd> open_in_root(int root, const char* path, int flags,
                                                  mode_t mode = 0) noexcept;

// fcntl(2) F_DUPFD_CLOEXEC: a copy with a number of at least `lowest`.
[[nodiscard]] KernelResult<UniqueFd> duplicate(int fd, int lowest = 0) noexcept;

// setrlimit(2): as many descriptors as the hard limit allows. For programs that hold several for
// each sandbox; commands get limits of their own.
[[nodiscard]] KernelResult<> raise_descriptor_limit() noexcept;

// Takes the numbers 0, 1 and 2 where they are closed, so that no file or socket gets them and with
// them what is meant for the terminal. Using one fails with EBADF, as if it were still closed.
[[nodiscard]] KernelResult<> occupy_standard_streams() noexcept;

// mkdirat(2). An existing directory is EEXIST.
[[nodiscard]] KernelResult<> make_directory(int directory, const char* path, mode_t mode) noexcept;

// read(2) once; 0 at the end of the file.
[[nodiscard]] KernelResult<std::size_t> read_some(int fd, std::span<std::byte> buffer) noexcept;
// write(2) once.
[[nodiscard]] KernelResult<std::size_t> write_some(int fd,
                                                   std::span<const std::byte> bytes) noexcept;
// write(2) until all of it is written.
[[nodiscard]] KernelResult<> write_all(int fd, std::span<const std::byte> bytes) noexcept;
// pwrite(2) once.
[[nodiscard]] KernelResult<std::size_t> write_at(int fd, std::span<const std::byte> bytes,
                                                 std::uint64_t offset) noexcept;

}  // namespace warren::os
