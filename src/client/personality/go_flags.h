// SPDX-License-Identifier: Apache-2.0
//
// Flags as Go's programs take them: one dash or two, "-name value" or "-name=value", and "-name" or
// "-name=false" for one that is only true or false.

#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace warren::client {

struct GoFlag {
  std::string_view name;
  std::string_view value_name;  // In the usage: "HOST:PORT"; empty for true and false.
  std::string_view meaning;
  std::variant<std::string*, bool*> value;  // What it holds before parse() is the default.
};

class GoFlags {
 public:
  explicit GoFlags(const std::vector<GoFlag>& flags);

  // Sets the values of the flags that `words` name. Fails with kInvalidArgument on whatever is no
  // flag: these programs take no other words.
  [[nodiscard]] Result<> parse(const std::vector<std::string>& words);

  // Whether one of the words was -h, -help or one of their kind; the words after it are not read.
  [[nodiscard]] bool wants_help() const noexcept { return wants_help_; }

  [[nodiscard]] std::string usage(std::string_view program) const;

 private:
  struct Described {
    GoFlag flag;
    std::string usual;
  };

  [[nodiscard]] Result<const GoFlag*> find(std::string_view name) const;

  std::vector<Described> flags_;
  bool wants_help_ = false;
};

}  // namespace warren::client
