// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

namespace warren::client::cli {

// The whole of `warren` but its process: the exit status for these arguments.
[[nodiscard]] int run_app(const std::vector<std::string>& arguments);

}  // namespace warren::client::cli
