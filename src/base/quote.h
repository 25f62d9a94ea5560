// SPDX-License-Identifier: Apache-2.0
//
// Text from outside as people may be shown it.

#pragma once

#include <string>
#include <string_view>

namespace warren {

// `text` in single quotes, on one line: every byte that is not printable ASCII becomes \xNN, and
// what exceeds 64 bytes is replaced by "...".
[[nodiscard]] std::string quote(std::string_view text);

// `text` with `instead` for each control character, those of ASCII and U+0080 to U+009F, which are
// two bytes of UTF-8: it stays on its line, and tells a terminal to do nothing.
[[nodiscard]] std::string without_controls(std::string_view text, char instead);

}  // namespace warren
