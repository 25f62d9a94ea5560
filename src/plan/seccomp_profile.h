// SPDX-License-Identifier: Apache-2.0
//
// Which system calls a command of the isolated profile may make (security promise S9). An
// allow-list: what is not here fails with EPERM, or with ENOSYS where a C library then falls back
// to an older call.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace warren::plan {

// Allowed with any arguments. A name that this machine's kernel headers do not know is skipped.
[[nodiscard]] std::span<const std::string_view> allowed_calls() noexcept;

// Fails with ENOSYS, so that programs use what they used before the call existed.
[[nodiscard]] std::span<const std::string_view> absent_calls() noexcept;

// Allowed while the lower half of `argument` (counted from 0), seen through `mask`, equals `value`.
struct ConditionalCall {
  std::string_view name;
  std::uint32_t argument;
  std::uint64_t mask;
  std::uint64_t value;
};
// Several rules for one call: each one that matches allows it.
[[nodiscard]] std::span<const ConditionalCall> conditional_calls() noexcept;

// Sockets of one family, where `protocol` is set of that protocol alone: the family's others fail
// with EPROTONOSUPPORT as on a kernel without them, which programs that can do without understand.
struct SocketFamily {
  std::uint32_t family;
  std::optional<std::uint32_t> protocol;
};
// Those of socket(2) that are allowed.
[[nodiscard]] std::span<const SocketFamily> socket_families() noexcept;

// Allowed unless the lower half of `argument` is one of `values`.
struct RestrictedCall {
  std::string_view name;
  std::uint32_t argument;
  std::span<const std::uint32_t> values;
};
[[nodiscard]] std::span<const RestrictedCall> restricted_calls() noexcept;

}  // namespace warren::plan
