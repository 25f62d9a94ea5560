// SPDX-License-Identifier: Apache-2.0
//
// Errors as values. Fallible functions return Result<T>; exceptions stay inside the adapters that
// wrap a throwing library and never cross a module boundary.

#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace warren {

// What the caller can do about a failure, not where it happened. Every code maps to exactly one
// gRPC status, one HTTP status and one CLI exit code.
enum class Errc : std::uint8_t {
  kInvalidArgument,
  kNotFound,
  kAlreadyExists,
  kFailedPrecondition,
  kPermissionDenied,
  kResourceExhausted,
  kUnimplemented,
  kUnavailable,
  kInternal,
};

struct Error {
  Errc code;
  std::string message;  // Reads from the outside in: "starting job 7: mounting /proc: ...".
  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T = void>
using Result = std::expected<T, Error>;

template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(Errc code, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// Says what was being attempted when `result` failed.
template <typename T, typename... Args>
[[nodiscard]] Result<T> context(Result<T> result, fmt::format_string<const Args&...> format,
                                const Args&... args) {
  if (!result) result.error().message.insert(0, fmt::format(format, args...) + ": ");
  return result;
}

}  // namespace warren

// Unwraps an expected, or returns its error from the enclosing function. Use it only as a whole
// initializer or a whole statement, never inside a larger expression.
#define WARREN_TRY(...)                                          \
  __extension__({                                                \
    auto warren_result_ = (__VA_ARGS__);                         \
    if (!warren_result_) [[unlikely]]                            \
      return std::unexpected(std::move(warren_result_).error()); \
    *std::move(warren_result_);                                  \
  })
