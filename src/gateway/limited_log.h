// SPDX-License-Identifier: Apache-2.0
//
// What the gateway says on standard error: a few lines a second, however many bad clients there
// are.

#pragma once

#include <string_view>

namespace warren::gateway {

// One line with the program's name before it. What is no text is blank. Where it cannot be written
// it is lost. Used on any thread.
void log_limited(std::string_view line);

}  // namespace warren::gateway
