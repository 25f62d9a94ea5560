// SPDX-License-Identifier: Apache-2.0
//
// An engine for tests of clients: real frames on a real socket, jobs that a test plays by hand.
// Runs on a thread of its own.

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/listening_socket.h"
#include "wire/server.h"

namespace warren::test {

class FakeEngine {
 public:
  FakeEngine() : server_(std::make_unique<wire::Server>(io_.get_executor(), socket_.take())) {}
  ~FakeEngine() { stop(); }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;

  void handle(std::string_view method, wire::Handler handler) {
    server_->handle(method, std::move(handler));
  }
  void start() {
    server_->start();
    thread_ = std::jthread([this] { io_.run(); });
  }
  // As if the engine had died: every connection breaks.
  void stop() {
    if (!thread_.joinable()) return;
    boost::asio::post(io_, [this] { server_->close(); });
    thread_.join();
  }

  [[nodiscard]] std::string runtime_dir() const { return socket_.directory(); }
  [[nodiscard]] std::string path() const { return socket_.path(); }

 private:
  ListeningSocket socket_;
  boost::asio::io_context io_{1};
  std::unique_ptr<wire::Server> server_;
  std::jthread thread_;
};

}  // namespace warren::test
