// SPDX-License-Identifier: Apache-2.0
//
// Names of directories as operators give them, and of what lies beside them. Pure.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace warren {

// The one spelling of an absolute path: without ".", "..", and slashes that say nothing, so that a
// name may be appended to it. Symbolic links are not followed. Fails on a relative path.
[[nodiscard]] Result<std::string> parse_directory(std::string_view text);

// Where the engine that listens in `runtime_dir`, which parse_directory() has returned, and its
// gateway meet.
[[nodiscard]] std::string gateway_directory(std::string_view runtime_dir);

}  // namespace warren
