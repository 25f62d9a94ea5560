// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "base/result.h"

namespace warren::client {

// The gateway's ADDRESS:PORT for HOST:PORT as people write it: without a host, all addresses of
// this machine; `localhost` is its loopback. `has_ipv6`: whether this machine speaks that.
[[nodiscard]] Result<std::string> listen_address(const std::string& text, bool has_ipv6);

[[nodiscard]] bool has_ipv6();

}  // namespace warren::client
