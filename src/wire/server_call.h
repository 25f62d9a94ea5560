// SPDX-License-Identifier: Apache-2.0
//
// A call as the server's session keeps it. Private to this module.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "wire/server.h"
#include "wire/session.h"

namespace warren::wire {

class ServerCall : public Call {
 public:
  ServerCall(std::shared_ptr<Session> session, const boost::asio::any_io_executor& executor,
             v1::Frame open);

  [[nodiscard]] const Peer& peer() const noexcept override { return session_->peer(); }
  [[nodiscard]] std::string_view request() const noexcept override { return request_; }
  [[nodiscard]] boost::asio::awaitable<Result<>> send(
      std::string message, std::vector<os::UniqueFd> descriptors) override;
  [[nodiscard]] bool is_cancelled() const noexcept override { return cancelled_; }
  [[nodiscard]] boost::asio::awaitable<void> wait_cancelled() override;
  void on_cancel(std::function<void()> action) override;

  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  void add_credit(std::uint32_t credit);
  void cancel();
  // The session has room again.
  void wake() { sendable_.notify(); }

 private:
  std::shared_ptr<Session> session_;
  std::uint32_t id_;
  std::string request_;
  std::uint32_t credit_;
  bool cancelled_ = false;
  Signal sendable_;
  Signal gone_;
  std::function<void()> on_cancel_;
};

}  // namespace warren::wire
