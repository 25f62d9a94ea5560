// SPDX-License-Identifier: Apache-2.0

#include "os/tcp.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "os/unique_fd.h"

namespace warren::os {
namespace {

class TcpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const UniqueFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(listening.get(), name, size), 0);
    ASSERT_EQ(::listen(listening.get(), 1), 0);
    ASSERT_EQ(::getsockname(listening.get(), name, &size), 0);
    client_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client_.get(), name, size), 0);
    server_.reset(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(server_);
  }

  UniqueFd client_;
  UniqueFd server_;
};

TEST_F(TcpTest, SendsWithoutDelay) {
  EXPECT_TRUE(send_without_delay(client_.get()));
}

TEST_F(TcpTest, AcknowledgesNow) {
  EXPECT_TRUE(acknowledge_now(server_.get()));
}

TEST_F(TcpTest, DropsWhatIsUnderWay) {
  const std::array<char, 1000> bytes{};
  ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), 0), 1000);
  ASSERT_TRUE(drop_when_closed(client_.get()));
  client_.reset();
  std::array<char, 2000> all{};
  ssize_t received = 0;
  while ((received = ::recv(server_.get(), all.data(), all.size(), 0)) > 0) {
  }
  EXPECT_EQ(received, -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(SendWithoutDelay, FailsForWhatIsNoConnection) {
  const UniqueFd unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_FALSE(send_without_delay(unix_socket.get()));
}

}  // namespace
}  // namespace warren::os
