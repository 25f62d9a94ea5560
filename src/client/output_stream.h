// SPDX-License-Identifier: Apache-2.0
//
// Standard output or standard error of this program, written without waiting where the kernel can
// say that a write would wait.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "os/errno.h"

namespace warren::client {

class OutputStream {
 public:
  // Does not own `fd`.
  explicit OutputStream(int fd);

  [[nodiscard]] int fd() const noexcept { return fd_; }

  // Writes some of `bytes`. EAGAIN: poll(2) for POLLOUT first. EPIPE: nobody reads any more.
  [[nodiscard]] os::KernelResult<std::size_t> write(std::string_view bytes) const noexcept;

  // Moves some of the `length` bytes at `offset` of `file`; 0 when the file ends before. Else as
  // write().
  [[nodiscard]] os::KernelResult<std::size_t> move_from(int file, std::uint64_t offset,
                                                        std::uint64_t length) const noexcept;

 private:
  int fd_;
  bool is_pipe_;
  bool is_file_;
};

// Writes all of `text` and waits as long as it takes; ends the program as SIGPIPE would when nobody
// reads any more.
[[nodiscard]] Result<> print(int fd, std::string_view text);

// Ends the program as if SIGPIPE had not been ignored: shells see status 141.
[[noreturn]] void die_of_broken_pipe();

}  // namespace warren::client
