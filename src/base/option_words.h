// SPDX-License-Identifier: Apache-2.0
//
// The command line of a program that takes options alone, each with a value. Pure.

#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren {

struct OptionWord {
  std::string_view flag;  // With its dashes.
  std::string_view value;
  friend bool operator==(const OptionWord&, const OptionWord&) = default;
};

// Reads "--flag VALUE" and "--flag=VALUE" behind the program's name; nothing where --help is asked
// for, whatever follows it. Which flags there are is the caller's to say. Refers to `arguments`.
[[nodiscard]] Result<std::optional<std::vector<OptionWord>>> parse_option_words(
    std::span<char* const> arguments);

}  // namespace warren
