// SPDX-License-Identifier: Apache-2.0

#include "base/option_words.h"

namespace warren {

Result<std::optional<std::vector<OptionWord>>> parse_option_words(
    std::span<char* const> arguments) {
  std::vector<OptionWord> options;
  for (std::size_t next = 1; next < arguments.size(); ++next) {
    const std::string_view word = arguments[next];
    if (word == "--help") return std::nullopt;
    const std::size_t equals = word.find('=');
    const bool has_value = equals != std::string_view::npos;
    if (!has_value && ++next == arguments.size()) {
      return fail(Errc::kInvalidArgument, "{}: a value is missing, or there is no such option",
                  word);
    }
    const std::string_view value = has_value ? word.substr(equals + 1) : arguments[next];
    options.push_back({.flag = word.substr(0, equals), .value = value});
  }
  return options;
}

}  // namespace warren
