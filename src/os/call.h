// SPDX-License-Identifier: Apache-2.0
//
// The only ways into the kernel. All retry after EINTR and turn "-1 and errno" into a value.

#pragma once

#include <concepts>

#include "os/unique_fd.h"

namespace warren::os {

// For calls whose result only says that they worked.
template <std::invocable SystemCall>
[[nodiscard]] KernelResult<> call(SystemCall system_call) noexcept {
  while (system_call() < 0) {
    if (errno != EINTR) return last_error();
  }
  return {};
}

// For calls that return a count or a number, such as bytes read or a process id.
template <typename T, std::invocable SystemCall>
[[nodiscard]] KernelResult<T> call_for(SystemCall system_call) noexcept {
  for (;;) {
    if (const auto value = system_call(); value >= 0) return static_cast<T>(value);
    if (errno != EINTR) return last_error();
  }
}

// For calls that return a descriptor. The caller has already asked for CLOEXEC.
template <std::invocable SystemCall>
[[nodiscard]] KernelResult<UniqueFd> call_for_fd(SystemCall system_call) noexcept {
  for (;;) {
    if (const int fd = static_cast<int>(system_call()); fd >= 0) return UniqueFd(fd);
    if (errno != EINTR) return last_error();
  }
}

}  // namespace warren::os
