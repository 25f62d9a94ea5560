// SPDX-License-Identifier: Apache-2.0
//
// Names on disk are bytes; strings of messages are UTF-8, and a peer refuses a whole message over
// one that is not.

#pragma once

#include <string>
#include <string_view>

namespace warren::engine {

// `text` with U+FFFD in place of every byte that belongs to no character as of RFC 3629.
[[nodiscard]] std::string to_utf8(std::string_view text);

}  // namespace warren::engine
