// SPDX-License-Identifier: Apache-2.0
//
// The kernel's errors as values. Nothing here needs a C++ runtime library, so warren-init uses the
// same wrappers as the engine; os/context.h turns these values into sentences for people.

#pragma once

#include <cerrno>
#include <expected>
#include <type_traits>

namespace warren::os {

// A kernel error number. It is trivially copyable and owns no heap, so code that runs between
// clone(2) and execve(2) can use it and send it through a socket.
struct Errno {
  int value;
  friend bool operator==(Errno, Errno) = default;
};
static_assert(std::is_trivially_copyable_v<Errno>);

template <typename T = void>
using KernelResult = std::expected<T, Errno>;

// The error that the last failed system call of this thread left behind.
[[nodiscard]] inline std::unexpected<Errno> last_error() noexcept {
  return std::unexpected(Errno{errno});
}

}  // namespace warren::os
