// SPDX-License-Identifier: Apache-2.0

#include "wire/server_call.h"

#include <algorithm>
#include <utility>

namespace warren::wire {
namespace {

constexpr std::uint32_t kDefaultCredit = 16;
constexpr std::uint32_t kMostCredit = 1024;

}  // namespace

ServerCall::ServerCall(std::shared_ptr<Session> session,
                       const boost::asio::any_io_executor& executor, v1::Frame open)
    : session_(std::move(session)),
      id_(open.call()),
      request_(std::move(*open.mutable_open()->mutable_request())),
      credit_(open.open().credit() == 0 ? kDefaultCredit
                                        : std::min(open.open().credit(), kMostCredit)),
      sendable_(executor),
      gone_(executor) {}

boost::asio::awaitable<Result<>> ServerCall::send(std::string message,
                                                  std::vector<os::UniqueFd> descriptors) {
  if (descriptors.size() > kMostDescriptors) {
    co_return fail(Errc::kInternal, "{} descriptors are too many for one message",
                   descriptors.size());
  }
  while (!cancelled_ && (credit_ == 0 || session_->is_congested())) co_await sendable_.wait();
  if (cancelled_) co_return fail(Errc::kUnavailable, "the client has gone");
  --credit_;
  v1::Frame frame;
  frame.set_call(id_);
  frame.set_message(std::move(message));
  frame.set_descriptors(static_cast<std::uint32_t>(descriptors.size()));
  co_return session_->send(frame, std::move(descriptors));
}

boost::asio::awaitable<void> ServerCall::wait_cancelled() {
  while (!cancelled_) co_await gone_.wait();
}

void ServerCall::on_cancel(std::function<void()> action) {
  if (!cancelled_) {
    on_cancel_ = std::move(action);
  } else if (action) {
    action();
  }
}

void ServerCall::add_credit(std::uint32_t credit) {
  credit_ = std::min(kMostCredit, credit_ + std::min(credit, kMostCredit));
  sendable_.notify();
}

void ServerCall::cancel() {
  if (std::exchange(cancelled_, true)) return;
  sendable_.notify();
  gone_.notify();
  if (const auto action = std::exchange(on_cancel_, nullptr)) action();
}

}  // namespace warren::wire
