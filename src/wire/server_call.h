// SPDX-License-Identifier: Apache-2.0
//
// A call as the server's session keeps it. Private to this module.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "loop/signal.h"
#include "os/sealed_file.h"
#include "wire/server.h"
#include "wire/session.h"

namespace warren::wire {

class ServerCall : public Call {
 public:
  ServerCall(std::shared_ptr<Session> session, const boost::asio::any_io_executor& executor,
             v1::Frame open, std::optional<os::SealedFile> file);

  [[nodiscard]] const Peer& peer() const noexcept override { return session_->peer(); }
  [[nodiscard]] std::string_view method() const noexcept override { return method_; }
  [[nodiscard]] std::string_view request() const noexcept override;
  [[nodiscard]] boost::asio::awaitable<Result<>> send(std::string message,
                                                      std::vector<Handed> handed) override;
  [[nodiscard]] bool is_cancelled() const noexcept override { return cancelled_; }
  [[nodiscard]] boost::asio::awaitable<void> wait_cancelled() override;
  void on_cancel(std::function<void()> action) override;

  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }
  // Of the request, those in a file left out.
  [[nodiscard]] std::size_t request_bytes() const noexcept { return request_.size(); }
  void add_credit(std::uint32_t credit);
  void cancel();
  // The session has room again.
  void wake() { sendable_.notify(); }

 private:
  std::shared_ptr<Session> session_;
  std::uint32_t id_;
  std::string method_;
  std::string request_;
  std::optional<os::SealedFile> file_;  // That is the request instead.
  std::uint32_t credit_;
  bool cancelled_ = false;
  loop::Signal sendable_;
  loop::Signal gone_;
  std::function<void()> on_cancel_;
};

}  // namespace warren::wire
