// SPDX-License-Identifier: Apache-2.0
//
// Names that certificates carry: of whom they are for, and of the hosts that servers answer as.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::certs {

// Checks the name of a user: 1 to 64 of [A-Za-z0-9._@-], of which '.' and '-' are not the first. It
// becomes the name of a directory, too.
[[nodiscard]] Result<> validate_user_name(std::string_view name);

enum class NameKind : bool { kDns, kAddress };

struct ServerName {
  NameKind kind;
  std::string text;
  friend bool operator==(const ServerName&, const ServerName&) = default;
};

// An IPv4 or IPv6 address, or a DNS name: at most 253 characters in labels of 1 to 63 letters,
// digits and '-', of which '-' is neither the first nor the last. No wildcards.
[[nodiscard]] Result<ServerName> parse_server_name(std::string_view text);

// Where a server is reached.
struct Address {
  ServerName host;
  std::uint16_t port;
};

// HOST or HOST:PORT, with an IPv6 address in brackets where a port follows.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
[[nodiscard]] std::string to_text(const Address& address);

// The names every server has: `joblet`, which Joblet's clients expect, `localhost`, 127.0.0.1 and
// ::1, those of this host, and then `others`; each of them once.
[[nodiscard]] Result<std::vector<ServerName>> server_names(const std::vector<std::string>& others);

// The same names as OpenSSL's configuration writes them: "DNS:joblet,IP:127.0.0.1".
[[nodiscard]] std::string to_text(const std::vector<ServerName>& names);

}  // namespace warren::certs
