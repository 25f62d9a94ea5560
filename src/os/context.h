// SPDX-License-Identifier: Apache-2.0
//
// The only bridge from the kernel's errors to Error: it adds what was being attempted.

#pragma once

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "os/errno.h"

namespace warren::os {

[[nodiscard]] constexpr Errc to_errc(Errno error) noexcept {
  switch (error.value) {
    case EINVAL:
      return Errc::kInvalidArgument;
    case ENOENT:
    case ESRCH:
      return Errc::kNotFound;
    case EEXIST:
      return Errc::kAlreadyExists;
    case EACCES:
    case EPERM:
      return Errc::kPermissionDenied;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
      return Errc::kResourceExhausted;
    default:
      return Errc::kInternal;
  }
}

// "No such file or directory" for ENOENT.
[[nodiscard]] inline std::string message(Errno error) {
  return std::generic_category().message(error.value);
}

// Lifts a kernel error into an Error that says what was being attempted.
template <typename T, typename... Args>
[[nodiscard]] Result<T> context(KernelResult<T> result, fmt::format_string<const Args&...> format,
                                const Args&... args) {
  if (result) {
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return *std::move(result);
    }
  }
  return fail(to_errc(result.error()), "{}: {}", fmt::format(format, args...),
              message(result.error()));
}

}  // namespace warren::os
