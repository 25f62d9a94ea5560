// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::client {

// Splits `text` as a shell does: at blanks, except within quotes and behind a backslash. Nothing is
// expanded, and operators such as ">" are letters like others. Fails with kInvalidArgument where a
// quote is not closed, or a backslash is the last letter.
[[nodiscard]] Result<std::vector<std::string>> split_words(std::string_view text);

}  // namespace warren::client
