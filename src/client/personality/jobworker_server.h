// SPDX-License-Identifier: Apache-2.0
//
// `jobworker-server`: an engine and a gateway with JobWorker's certificates and JobWorker's log.

#pragma once

#include <string>
#include <vector>

namespace warren::client {

// The whole of `jobworker-server` but its process: the exit status for these arguments.
[[nodiscard]] int run_jobworker_server(const std::vector<std::string>& arguments);

}  // namespace warren::client
