// SPDX-License-Identifier: Apache-2.0
//
// How the kernel's cgroup files are cut into words and numbers. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace warren::cgroup {

// The pieces of `text` between separators, without the empty ones.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

// A decimal number with nothing around it but white space; nothing for "max" and for what does not
// fit.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

}  // namespace warren::cgroup
