// SPDX-License-Identifier: Apache-2.0
//
// What `rnx help` and `rnx config-help` print.

#pragma once

#include <string>

namespace warren::client {

[[nodiscard]] std::string rnx_usage();

// An example of a configuration file, and where one is looked for.
[[nodiscard]] std::string rnx_config_help();

}  // namespace warren::client
