// SPDX-License-Identifier: Apache-2.0

#include "os/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/call.h"

namespace warren::os {

KernelResult<> send_without_delay(int socket) noexcept {
  const int on = 1;
  return call([&] { return ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); });
}

KernelResult<> acknowledge_now(int socket) noexcept {
  const int on = 1;
  return call([&] { return ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on); });
}

KernelResult<> drop_when_closed(int socket) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  return call(
      [&] { return ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); });
}

}  // namespace warren::os
