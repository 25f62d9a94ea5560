// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <google/protobuf/message_lite.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/stream.h"
#include "loop/signal.h"
#include "loop/task.h"

namespace warren::gateway {

// A client that sends when the test says so, and that may stop taking what it is sent.
class PlayedClient : public Stream {
 public:
  PlayedClient(const loop::Executor& executor, std::string method)
      : method_(std::move(method)), changed_(executor) {}

  void send(const google::protobuf::MessageLite& message) {
    requests_.push_back(message.SerializeAsString());
    changed_.notify();
  }
  void send_no_more() { set(has_sent_all_); }
  void leave() { set(is_gone_); }
  void stop_taking() { is_stopped_ = true; }
  void take_again() {
    is_stopped_ = false;
    changed_.notify();
  }
  [[nodiscard]] const std::vector<std::string>& taken() const noexcept { return taken_; }

  [[nodiscard]] std::string_view method() const noexcept override { return method_; }
  [[nodiscard]] loop::Task<Result<std::optional<std::string>>> read() override {
    while (requests_.empty() && !has_sent_all_ && !is_gone_) co_await changed_.wait();
    if (is_gone_) co_return fail(Errc::kUnavailable, "the client has gone");
    if (requests_.empty()) co_return std::nullopt;
    std::string request = std::move(requests_.front());
    requests_.pop_front();
    co_return request;
  }
  [[nodiscard]] loop::Task<Result<>> write(std::string message) override {
    EXPECT_FALSE(std::exchange(is_written_to_, true)) << "one at a time";
    while (is_stopped_ && !is_gone_) co_await changed_.wait();
    is_written_to_ = false;
    if (is_gone_) co_return fail(Errc::kUnavailable, "the client has gone");
    taken_.push_back(std::move(message));
    co_return Result<>{};
  }

 private:
  void set(bool& flag) {
    flag = true;
    changed_.notify();
  }

  std::string method_;
  loop::Signal changed_;
  std::deque<std::string> requests_;
  std::vector<std::string> taken_;
  bool has_sent_all_ = false;
  bool is_gone_ = false;
  bool is_stopped_ = false;
  bool is_written_to_ = false;
};

}  // namespace warren::gateway
