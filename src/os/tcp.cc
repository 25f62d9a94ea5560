// SPDX-License-Identifier: Apache-2.0

#include "os/tcp.h"

// Not netinet/tcp.h, whose tcp_info ends before the kernel's does.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "os/call.h"

namespace warren::os {

KernelResult<std::uint64_t> received_bytes(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  const auto known =
      call([&] { return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size); });
  if (!known) return std::unexpected(known.error());
  return info.tcpi_bytes_received;
}

KernelResult<> send_without_delay(int socket) noexcept {
  const int on = 1;
  return call([&] { return ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); });
}

}  // namespace warren::os
