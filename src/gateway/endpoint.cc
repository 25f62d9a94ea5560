// SPDX-License-Identifier: Apache-2.0

#include "gateway/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "os/call.h"
#include "os/context.h"

namespace warren::gateway {
namespace {

constexpr int kBacklog = 1024;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

template <typename Address>
Endpoint endpoint_of(const Address& address) {
  Endpoint endpoint{.address = {}, .size = sizeof address};
  std::memcpy(&endpoint.address, &address, sizeof address);
  return endpoint;
}

template <typename Address>
Address address_of(const Endpoint& endpoint) {
  Address address{};
  std::memcpy(&address, &endpoint.address, sizeof address);
  return address;
}

std::optional<Endpoint> parse(const std::string& host, std::uint16_t port) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = ::htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) return endpoint_of(four);
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = ::htons(port);
  const std::string inner = host.substr(1, host.size() - 2);
  if (::inet_pton(AF_INET6, inner.c_str(), &six.sin6_addr) == 1) return endpoint_of(six);
  return std::nullopt;
}

std::string host_text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

os::KernelResult<> set_flag(int socket, int level, int name, int value) {
  return os::call([&] { return ::setsockopt(socket, level, name, &value, sizeof value); });
}

os::KernelResult<os::UniqueFd> make_listening(const Endpoint& endpoint) {
  const int family = endpoint.address.ss_family;
  os::UniqueFd socket = WARREN_TRY(os::call_for_fd(
      [&] { return ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }));
  WARREN_TRY(set_flag(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1));
  if (family == AF_INET6) WARREN_TRY(set_flag(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0));
  const auto* const address = reinterpret_cast<const sockaddr*>(&endpoint.address);
  WARREN_TRY(os::call([&] { return ::bind(socket.get(), address, endpoint.size); }));
  WARREN_TRY(os::call([&] { return ::listen(socket.get(), kBacklog); }));
  return socket;
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const auto port = parse_port(text.substr(colon + 1));
    const auto endpoint =
        port ? parse(std::string(text.substr(0, colon)), *port) : std::optional<Endpoint>();
    if (endpoint) return *endpoint;
  }
  return fail(Errc::kInvalidArgument, "'{}' is not ADDRESS:PORT, such as 127.0.0.1:50051", text);
}

std::string to_text(const Endpoint& endpoint) {
  if (endpoint.address.ss_family == AF_INET) {
    const auto four = address_of<sockaddr_in>(endpoint);
    return fmt::format("{}:{}", host_text(AF_INET, &four.sin_addr), ::ntohs(four.sin_port));
  }
  const auto six = address_of<sockaddr_in6>(endpoint);
  const std::uint16_t port = ::ntohs(six.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
    constexpr std::size_t kPrefix = 12;  // Bytes before the IPv4 address.
    return fmt::format("{}:{}", host_text(AF_INET, six.sin6_addr.s6_addr + kPrefix), port);
  }
  return fmt::format("[{}]:{}", host_text(AF_INET6, &six.sin6_addr), port);
}

Result<os::UniqueFd> listen_at(const Endpoint& endpoint) {
  return os::context(make_listening(endpoint), "listening on {}", to_text(endpoint));
}

Result<Endpoint> local_endpoint(int socket) {
  Endpoint endpoint{.address = {}, .size = sizeof endpoint.address};
  auto* const address = reinterpret_cast<sockaddr*>(&endpoint.address);
  WARREN_TRY(os::context(os::call([&] { return ::getsockname(socket, address, &endpoint.size); }),
                         "getsockname"));
  return endpoint;
}

}  // namespace warren::gateway
