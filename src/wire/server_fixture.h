// SPDX-License-Identifier: Apache-2.0
//
// A server on a thread of its own, and what its clients say to it.

#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "tests/support/listening_socket.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/server.h"

namespace warren::wire {

inline boost::asio::awaitable<Result<>> echo(std::shared_ptr<Call> call) {
  co_return co_await call->send(std::string(call->request()));
}

inline v1::NodeRequest request_of(std::string node) {
  v1::NodeRequest request;
  request.set_node(std::move(node));
  return request;
}

inline os::UniqueFd connect_raw(const std::string& path) {
  os::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return socket;
}

// What the server says until it closes.
inline std::string read_until_closed(const os::UniqueFd& socket) {
  std::string all;
  char bytes[4096];
  for (;;) {
    const ssize_t count = ::read(socket.get(), bytes, sizeof bytes);
    if (count <= 0) return all;
    all.append(bytes, static_cast<std::size_t>(count));
  }
}

// What the server says until `text` is a part of it, or it closes.
inline std::string read_until(const os::UniqueFd& socket, std::string_view text) {
  std::string all;
  char bytes[4096];
  while (all.find(text) == std::string::npos) {
    const ssize_t count = ::read(socket.get(), bytes, sizeof bytes);
    if (count <= 0) break;
    all.append(bytes, static_cast<std::size_t>(count));
  }
  return all;
}

class ServerFixture : public ::testing::Test {
 protected:
  virtual void register_on(Server& server) = 0;

  void start(ServerOptions options = {}) {
    server_ = std::make_unique<Server>(io_.get_executor(), socket_.take(), std::move(options));
    register_on(*server_);
    server_->start();
    thread_ = std::jthread([this] { io_.run(); });
  }

  void TearDown() override {
    if (!server_) return;
    boost::asio::post(io_, [this] { server_->close(); });
    thread_.join();
  }

  [[nodiscard]] ClientChannel connect() const {
    auto channel = ClientChannel::connect(socket_.path());
    EXPECT_TRUE(channel) << channel.error().message;
    return *std::move(channel);
  }

  // Asks the server's thread.
  [[nodiscard]] std::size_t connections() {
    std::promise<std::size_t> answer;
    boost::asio::post(io_, [&] { answer.set_value(server_->connections()); });
    return answer.get_future().get();
  }

  test::ListeningSocket socket_;
  boost::asio::io_context io_{1};
  std::unique_ptr<Server> server_;
  std::jthread thread_;
};

}  // namespace warren::wire
