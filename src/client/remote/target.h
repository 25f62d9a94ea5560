// SPDX-License-Identifier: Apache-2.0
//
// A machine to call, who we are there, and how both reach warren-remote. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::client {

struct Target {
  std::string address{};  // "build-server:50051", "192.168.1.100:50051", "[::1]:50051".
  // Ours, its key, and the authority that the server's must come from: PEM.
  std::string certificate{};
  std::string key{};
  std::string authority{};
  bool insecure = false;  // TLS without asking who the server is.
};

struct Address {
  std::string host;  // Without brackets.
  std::uint16_t port = 0;
};

// Where gateways listen, and Joblet's daemons.
inline constexpr std::uint16_t kUsualPort = 50051;

// "HOST", "HOST:PORT", where HOST is a name, an IPv4 address, or an IPv6 address in brackets.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
[[nodiscard]] std::string to_text(const Address& address);

// What warren-remote finds on its descriptor kTargetDescriptor.
inline constexpr int kTargetDescriptor = 3;
[[nodiscard]] std::string to_bytes(const Target& target);
[[nodiscard]] Result<Target> target_from_bytes(std::string_view bytes);

}  // namespace warren::client
