// SPDX-License-Identifier: Apache-2.0
//
// What the attacker program consists of. It runs inside a sandbox and reports on its standard
// output, one line for each attack: its name, then "succeeded" or the error that stopped it.

#pragma once

#include <cerrno>
#include <span>

namespace warren::payload {

// An attack returns 0 when it succeeded, else the errno(3) that stopped it.
inline constexpr int kSucceeded = 0;
// What it reached is a mask or an empty stand-in.
inline constexpr int kMasked = ENODATA;

// errno, but never 0.
[[nodiscard]] inline int refusal() noexcept {
  return errno != 0 ? errno : EPERM;
}

// "read=/proc/kcore" calls the attack "read" with the operand "/proc/kcore".
struct Attack {
  const char* name;
  int (*run)(const char* operand);
};

[[nodiscard]] std::span<const Attack> filesystem_attacks() noexcept;
[[nodiscard]] std::span<const Attack> privilege_attacks() noexcept;
[[nodiscard]] std::span<const Attack> namespace_attacks() noexcept;
[[nodiscard]] std::span<const Attack> system_call_attacks() noexcept;
[[nodiscard]] std::span<const Attack> process_attacks() noexcept;
[[nodiscard]] std::span<const Attack> init_attacks() noexcept;
[[nodiscard]] std::span<const Attack> resource_attacks() noexcept;

}  // namespace warren::payload
