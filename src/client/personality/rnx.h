// SPDX-License-Identifier: Apache-2.0
//
// `rnx`, Joblet's command line: one call of its service, on whatever server speaks it.

#pragma once

#include <string>
#include <vector>

namespace warren::client {

// The whole of `rnx` but its process: the exit status for these arguments.
[[nodiscard]] int run_rnx(const std::vector<std::string>& arguments);

}  // namespace warren::client
