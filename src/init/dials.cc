// SPDX-License-Identifier: Apache-2.0

#include "init/dials.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "os/call.h"

namespace warren::init {
namespace {

// tcp(7) TCP_SYNCNT. A listener with a full backlog is asked again this often, which takes 3 to 7
// seconds; the host's own default would be two minutes.
constexpr int kRepeats = 2;

os::Errno outcome_of(int socket) noexcept {
  int error = 0;
  socklen_t size = sizeof error;
  const auto read =
      os::call([&] { return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size); });
  return read ? os::Errno{error} : read.error();
}

os::KernelResult<> begin_connection(int socket, const void* address, socklen_t size) noexcept {
  const auto bounded = os::call(
      [&] { return ::setsockopt(socket, IPPROTO_TCP, TCP_SYNCNT, &kRepeats, sizeof kRepeats); });
  if (!bounded) return bounded;
  const auto begun =
      os::call([&] { return ::connect(socket, static_cast<const sockaddr*>(address), size); });
  if (!begun && begun.error().value != EINPROGRESS) return begun;
  return {};
}

}  // namespace

os::KernelResult<os::UniqueFd> Dials::connect(Address address, std::uint16_t port) noexcept {
  const int family = address == Address::kIpv4 ? AF_INET : AF_INET6;
  auto socket = os::call_for_fd(
      [&] { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
  if (!socket) return socket;
  os::KernelResult<> begun;
  if (address == Address::kIpv4) {
    sockaddr_in loopback{};
    loopback.sin_family = AF_INET;
    loopback.sin_port = htons(port);
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    begun = begin_connection(socket->get(), &loopback, sizeof loopback);
  } else {
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_port = htons(port);
    loopback.sin6_addr.s6_addr[15] = 1;
    begun = begin_connection(socket->get(), &loopback, sizeof loopback);
  }
  if (!begun) return std::unexpected(begun.error());
  return socket;
}

// Whether it goes on there. Where it does not, the first address has told the reason: a sandbox
// may have no IPv6 at all.
bool Dials::try_ipv6(One& one, os::Errno error) noexcept {
  if (one.address == Address::kIpv4) {
    one.error = error;
    one.address = Address::kIpv6;
    if (error.value == ECONNREFUSED) {
      if (auto socket = connect(Address::kIpv6, one.port)) {
        one.socket = static_cast<os::UniqueFd&&>(*socket);
        return true;
      }
    }
  }
  one.socket.reset();
  return false;
}

os::KernelResult<std::size_t> Dials::begin(const plan::Dial& order) noexcept {
  std::size_t place = 0;
  while (place < all_.size() && all_[place].busy) ++place;
  if (place == all_.size()) return std::unexpected(os::Errno{EAGAIN});
  One one;
  one.request = order.request;
  one.port = order.port;
  auto socket = connect(Address::kIpv4, order.port);
  if (socket) {
    one.socket = static_cast<os::UniqueFd&&>(*socket);
  } else if (!try_ipv6(one, socket.error())) {
    return std::unexpected(one.error);
  }
  one.busy = true;
  all_[place] = static_cast<One&&>(one);
  return place;
}

Dials::News Dials::advance(std::size_t place) noexcept {
  One& one = all_[place];
  const os::Errno outcome = outcome_of(one.socket.get());
  if (outcome.value == 0) return News::kConnected;
  return try_ipv6(one, outcome) ? News::kGoesOn : News::kFailed;
}

os::KernelResult<os::UniqueFd> Dials::take(std::size_t place) noexcept {
  One one = static_cast<One&&>(all_[place]);
  all_[place] = One();
  if (!one.socket) return std::unexpected(one.error);
  return static_cast<os::UniqueFd&&>(one.socket);
}

void Dials::clear() noexcept {
  for (One& one : all_) one = One();
}

int Dials::socket(std::size_t place) const noexcept {
  return all_[place].socket.get();
}

std::uint32_t Dials::request(std::size_t place) const noexcept {
  return all_[place].request;
}

}  // namespace warren::init
