// SPDX-License-Identifier: Apache-2.0
//
// Warren's other programs, as os::Program::find() finds them.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::client {

// Replaces this process by the program `name`. Returns only on failure.
[[nodiscard]] Result<> become(std::string_view name, std::vector<std::string> arguments);

// Runs that program to its end, and gives what it wrote. Fails with what it complained of, as
// kUnavailable, where its status is not 0.
[[nodiscard]] Result<std::string> output_of(std::string_view name,
                                            std::vector<std::string> arguments);

// `texts` as execve(2) takes them, ending with a null pointer; for as long as they are not changed.
[[nodiscard]] std::vector<char*> pointers_to(std::vector<std::string>& texts);

}  // namespace warren::client
