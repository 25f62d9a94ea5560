// SPDX-License-Identifier: Apache-2.0
//
// A client of the gateway for tests of handlers: what it sends is said beforehand, what it is sent
// is kept.

#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/stream.h"

namespace warren::test {

class FakeStream : public gateway::Stream {
 public:
  FakeStream(std::string method, std::deque<std::string> messages)
      : method_(std::move(method)), messages_(std::move(messages)) {}

  // From now on the client is gone.
  void leave() noexcept { gone_ = true; }
  [[nodiscard]] const std::vector<std::string>& written() const noexcept { return written_; }

  [[nodiscard]] std::string_view method() const noexcept override { return method_; }
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<std::string>>> read() override {
    if (gone_) co_return fail(Errc::kUnavailable, "the client has gone");
    if (messages_.empty()) co_return std::nullopt;
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    co_return message;
  }
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string message) override {
    if (gone_) co_return fail(Errc::kUnavailable, "the client has gone");
    written_.push_back(std::move(message));
    co_return Result<>{};
  }

 private:
  std::string method_;
  std::deque<std::string> messages_;
  std::vector<std::string> written_;
  bool gone_ = false;
};

}  // namespace warren::test
