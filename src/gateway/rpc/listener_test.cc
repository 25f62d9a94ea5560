// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/listener.h"

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "gateway/endpoint.h"

namespace warren::gateway {
namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 10s;
constexpr std::size_t kBeforeCall = 256 * 1024;

// A listener, with the descriptors that it hands over in place of the library.
class ListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listening = listen_at(*parse_endpoint("127.0.0.1:0"));
    ASSERT_TRUE(listening);
    address_ = *local_endpoint(listening->get());
    auto listener = Listener::create(loop_.get_executor(), *std::move(listening),
                                     {.connections = {.all = 3, .without_call = 2}});
    ASSERT_TRUE(listener);
    listener_ = *std::move(listener);
    listener_->start([this](int socket) { taken_.emplace_back(socket); });
  }
  void TearDown() override {
    listener_->close();
    loop_.poll();
  }

  // A client whose connection has been taken over.
  os::UniqueFd connect() {
    os::UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const name = reinterpret_cast<const sockaddr*>(&address_.address);
    EXPECT_EQ(::connect(client.get(), name, address_.size), 0);
    const std::size_t before = accepted();
    EXPECT_TRUE(until([&] { return accepted() > before; }));
    return client;
  }
  [[nodiscard]] std::size_t accepted() const { return taken_.size(); }

  template <typename Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (!condition() && std::chrono::steady_clock::now() < end) loop_.run_one_for(10ms);
    return condition();
  }

  static std::string peer_of(const os::UniqueFd& client) {
    return "ipv4:" + to_text(*local_endpoint(client.get()));
  }
  static bool is_ended(const os::UniqueFd& socket) {
    pollfd look{.fd = socket.get(), .events = POLLIN, .revents = 0};
    char byte = 0;
    return ::poll(&look, 1, 0) == 1 && ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) <= 0;
  }
  // Sends and takes what is sent, as the library would.
  void pour(const os::UniqueFd& client, const os::UniqueFd& server, std::size_t count) {
    std::vector<char> bytes(16 * 1024);
    for (std::size_t sent = 0; sent < count; sent += bytes.size()) {
      ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      while (::recv(server.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
      }
      loop_.poll();
    }
  }

  boost::asio::io_context loop_{1};
  Endpoint address_{};
  std::shared_ptr<Listener> listener_;
  std::vector<os::UniqueFd> taken_;
};

TEST_F(ListenerTest, CountsOutWhatTheLibraryHasClosed) {
  const auto client = connect();
  EXPECT_EQ(listener_->connections(), 1U);
  ::shutdown(taken_[0].get(), SHUT_RDWR);
  taken_.clear();
  EXPECT_TRUE(until([&] { return listener_->connections() == 0; }));
}

TEST_F(ListenerTest, ShutsDownTheOldestThatHasNotCalled) {
  const auto first = connect();
  const auto second = connect();
  listener_->mark_called(peer_of(first));
  const auto third = connect();
  EXPECT_EQ(listener_->connections(), 3U);
  const auto fourth = connect();
  EXPECT_TRUE(until([&] { return is_ended(taken_[1]); }));
  EXPECT_FALSE(is_ended(taken_[0]));
  EXPECT_EQ(listener_->connections(), 3U);
}

TEST_F(ListenerTest, ResetsWhoSendsTooMuchBeforeACall) {
  const auto client = connect();
  pour(client, taken_[0], kBeforeCall / 2);
  EXPECT_FALSE(is_ended(taken_[0]));
  pour(client, taken_[0], kBeforeCall);
  EXPECT_TRUE(until([&] { return is_ended(taken_[0]); }));
  EXPECT_TRUE(until([&] { return listener_->connections() == 0; }));
}

TEST_F(ListenerTest, TakesAnythingOfWhoHasCalled) {
  const auto client = connect();
  const auto other = connect();
  listener_->mark_called(peer_of(client));
  pour(client, taken_[0], 4 * kBeforeCall);
  pour(other, taken_[1], 2 * kBeforeCall);
  EXPECT_TRUE(until([&] { return is_ended(taken_[1]); }));
  EXPECT_FALSE(is_ended(taken_[0]));
}

TEST_F(ListenerTest, KnowsNobodyWhoIsNotConnected) {
  listener_->mark_called("ipv4:127.0.0.1:1");
  listener_->mark_called("");
  EXPECT_EQ(listener_->connections(), 0U);
}

}  // namespace
}  // namespace warren::gateway
