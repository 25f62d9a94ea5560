// SPDX-License-Identifier: Apache-2.0
//
// What is said of bad clients, on standard error: a few lines a second, however many there are.

#pragma once

#include <string_view>

namespace warren::gateway {

// One line with the program's name before it. What is no text is blank. Used on any thread.
void log_limited(std::string_view line);

}  // namespace warren::gateway
