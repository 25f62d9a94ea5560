// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

namespace warren::client {

// Whether `text` can be sent: the native API's strings are UTF-8, and only in its shortest form.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace warren::client
