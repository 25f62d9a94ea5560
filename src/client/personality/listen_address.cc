// SPDX-License-Identifier: Apache-2.0

#include "client/personality/listen_address.h"

#include <sys/socket.h>

#include "os/call.h"

namespace warren::client {

Result<std::string> listen_address(const std::string& text, bool has_ipv6) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return fail(Errc::kInvalidArgument, "'{}' has no port: try :50051", text);
  }
  const std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon);
  if (host.empty()) return (has_ipv6 ? "[::]" : "0.0.0.0") + port;
  if (host == "localhost") return "127.0.0.1" + port;
  return text;
}

bool has_ipv6() {
  return os::call_for_fd([] { return ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0); })
      .has_value();
}

}  // namespace warren::client
