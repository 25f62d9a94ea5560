// SPDX-License-Identifier: Apache-2.0
//
// Text from outside as errors may show it.

#pragma once

#include <string>
#include <string_view>

namespace warren {

// `text` in single quotes, on one line: every byte that is not printable ASCII becomes \xNN, and
// what exceeds 64 bytes is replaced by "...".
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace warren
