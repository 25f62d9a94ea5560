// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

namespace warren::client {

// `program`, a colon and `sentence` on standard error, on one line and free of control characters.
void complain_as(std::string_view program, std::string_view sentence);

}  // namespace warren::client
