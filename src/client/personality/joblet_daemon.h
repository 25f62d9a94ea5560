// SPDX-License-Identifier: Apache-2.0
//
// `joblet`: an engine and a gateway with the configuration of Joblet's daemon.

#pragma once

#include <string>
#include <vector>

namespace warren::client {

// The whole of `joblet` but its process: the exit status for these arguments.
[[nodiscard]] int run_joblet(const std::vector<std::string>& arguments);

}  // namespace warren::client
