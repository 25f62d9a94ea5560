// SPDX-License-Identifier: Apache-2.0
//
// joblet-config.yml, the file of Joblet's daemon, as what Warren's programs are told. Pure.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace warren::client {

struct JobletConfig {
  std::string engine;  // The text of a warren.yaml.
  std::string host;    // Where to listen: an address, or a name that only clients use.
  std::string port;
  std::string certificate;  // PEM, as the other two.
  std::string key;
  std::string authority;
  std::vector<std::string> warnings;  // A sentence for each key that has no meaning here.
};

// Fails with kInvalidArgument on a key that Joblet does not have, which may be a misspelt limit,
// and names it and its line.
[[nodiscard]] Result<JobletConfig> parse_joblet_config(const std::string& text);

}  // namespace warren::client
