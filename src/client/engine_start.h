// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/places.h"

namespace warren::client {

// The warrend beside this program.
[[nodiscard]] Result<std::string> engine_program();

// The arguments that give an engine its places.
[[nodiscard]] std::vector<std::string> engine_arguments(const Places& places);

// Starts an engine in a session of its own and returns once it can be called. Fails with
// kAlreadyExists when another engine holds one of these directories.
[[nodiscard]] Result<> start_engine(const Places& places);

}  // namespace warren::client
