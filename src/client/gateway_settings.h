// SPDX-License-Identifier: Apache-2.0
//
// What whoever starts the gateway has to know of warren.yaml: the section `gateway`. Engine and
// gateway, which read the same file, say what is wrong with the rest of it.

#pragma once

#include <string>

#include "base/result.h"

namespace warren::client {

struct GatewaySettings {
  std::string user = "warren-gateway";
  std::string listen;  // Empty: there is to be no gateway.
  std::string certs = "/etc/warren/certs";
  friend bool operator==(const GatewaySettings&, const GatewaySettings&) = default;
};

[[nodiscard]] Result<GatewaySettings> parse_gateway_settings(const std::string& text);

// Of the file at `path`, which there has to be; without one, of /etc/warren/warren.yaml if it is
// there.
[[nodiscard]] Result<GatewaySettings> read_gateway_settings(const std::string& path);

}  // namespace warren::client
