// SPDX-License-Identifier: Apache-2.0
//
// Internet addresses with ports: where the gateway listens, and who connects to it.

#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::gateway {

struct Endpoint {
  sockaddr_storage address;
  socklen_t size;
};

// "127.0.0.1:50051", "[::1]:50051". No names: nobody is asked what they mean. Port 0 is any.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// The same form. An IPv4 address that came through an IPv6 socket is shown as what it is.
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

// A socket that listens there and does not block. "[::]" takes IPv4 as well.
[[nodiscard]] Result<os::UniqueFd> listen_at(const Endpoint& endpoint);

// Of a socket's own end.
[[nodiscard]] Result<Endpoint> local_endpoint(int socket);

}  // namespace warren::gateway
