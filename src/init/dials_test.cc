// SPDX-License-Identifier: Apache-2.0

#include "init/dials.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace warren::init {
namespace {

// A TCP listener on a port of the kernel's choice.
class Server {
 public:
  explicit Server(int family = AF_INET, int backlog = 8)
      : socket_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 address{};
    address.sin6_family = static_cast<sa_family_t>(family);
    socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof address;
    if (family == AF_INET6) address.sin6_addr = in6addr_loopback;
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), backlog), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin6_port);  // At the same place in both families.
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] os::UniqueFd accept() const {
    return os::UniqueFd(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  void close() { socket_.reset(); }

 private:
  os::UniqueFd socket_;
  std::uint16_t port_ = 0;
};

plan::Dial dial_to(std::uint16_t port, std::uint32_t request = 7) {
  plan::Dial order{};
  order.request = request;
  order.port = port;
  return order;
}

// Waits as init's epoll would, and goes on until the dial at `place` is decided.
Dials::News decide(Dials& dials, std::size_t place) {
  Dials::News news = Dials::News::kGoesOn;
  while (news == Dials::News::kGoesOn) {
    pollfd ready{.fd = dials.socket(place), .events = POLLOUT, .revents = 0};
    EXPECT_EQ(::poll(&ready, 1, 60'000), 1);
    news = dials.advance(place);
  }
  return news;
}

// The errno with which a dial ends, wherever it does.
int error_of(Dials& dials, std::uint16_t port) {
  const auto place = dials.begin(dial_to(port));
  if (!place) return place.error().value;
  EXPECT_EQ(decide(dials, *place), Dials::News::kFailed);
  return dials.take(*place).error().value;
}

TEST(Dials, ConnectsToWhatListens) {
  const Server server;
  Dials dials;
  const std::size_t place = dials.begin(dial_to(server.port(), 42)).value();
  EXPECT_EQ(dials.request(place), 42U);
  ASSERT_EQ(decide(dials, place), Dials::News::kConnected);
  const os::UniqueFd connection = dials.take(place).value();
  EXPECT_NE(::fcntl(connection.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(connection.get(), F_GETFD) & FD_CLOEXEC, 0);
  const os::UniqueFd other = server.accept();
  ASSERT_EQ(::send(other.get(), "x", 1, 0), 1);
  pollfd ready{.fd = connection.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&ready, 1, 60'000), 1);
  char byte = 0;
  EXPECT_EQ(::recv(connection.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'x');
}

bool has_ipv6() {
  const os::UniqueFd socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

TEST(Dials, GoesOnAtTheOtherFamilyWhereTheFirstRefuses) {
  if (!has_ipv6()) GTEST_SKIP() << "this host's loopback has no IPv6";
  const Server server(AF_INET6);
  Dials dials;
  const std::size_t place = dials.begin(dial_to(server.port())).value();
  EXPECT_EQ(decide(dials, place), Dials::News::kConnected);
  EXPECT_TRUE(dials.take(place).has_value());
}

TEST(Dials, TellsThatNobodyListens) {
  Server server;
  server.close();
  Dials dials;
  EXPECT_EQ(error_of(dials, server.port()), ECONNREFUSED);
  EXPECT_EQ(error_of(dials, 0), ECONNREFUSED);
}

TEST(Dials, GivesUpOnAListenerThatDoesNotAnswer) {
  const Server server(AF_INET, 0);
  Dials dials;
  // The first is taken into the backlog, which is full then.
  const std::size_t first = dials.begin(dial_to(server.port())).value();
  ASSERT_EQ(decide(dials, first), Dials::News::kConnected);
  EXPECT_EQ(error_of(dials, server.port()), ETIMEDOUT);
}

TEST(Dials, MakesNoMoreThanSoManyAtATime) {
  const Server server;
  Dials dials;
  std::vector<std::size_t> places;
  places.reserve(plan::kMostDials);
  for (std::size_t count = 0; count < plan::kMostDials; ++count) {
    places.push_back(dials.begin(dial_to(server.port())).value());
  }
  EXPECT_EQ(dials.begin(dial_to(server.port())).error().value, EAGAIN);
  ASSERT_EQ(decide(dials, places[3]), Dials::News::kConnected);
  EXPECT_TRUE(dials.take(places[3]).has_value());
  EXPECT_EQ(dials.begin(dial_to(server.port())).value(), places[3]);
  dials.clear();
  EXPECT_EQ(dials.begin(dial_to(server.port())).value(), 0U);
}

}  // namespace
}  // namespace warren::init
