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
                       const boost::asio::any_io_executor& executor, v1::Frame open,
                       std::optional<os::SealedFile> file)
    : session_(std::move(session)),
      id_(open.call()),
      method_(std::move(*open.mutable_open()->mutable_method())),
      request_(std::move(*open.mutable_open()->mutable_request())),
      file_(std::move(file)),
      credit_(open.open().credit() == 0 ? kDefaultCredit
                                        : std::min(open.open().credit(), kMostCredit)),
      sendable_(executor),
      gone_(executor) {}

std::string_view ServerCall::request() const noexcept {
  if (!file_) return request_;
  return {reinterpret_cast<const char*>(file_->bytes().data()), file_->bytes().size()};
}

boost::asio::awaitable<Result<>> ServerCall::send(std::string message, std::vector<Handed> handed) {
  if (handed.size() > kMostDescriptors) {
    co_return fail(Errc::kInternal, "{} descriptors are too many for one message", handed.size());
  }
  while (!cancelled_ && (credit_ == 0 || session_->is_congested())) co_await sendable_.wait();
  if (cancelled_) co_return fail(Errc::kUnavailable, "the client has gone");
  --credit_;
  v1::Frame frame;
  frame.set_call(id_);
  frame.set_message(std::move(message));
  frame.set_descriptors(static_cast<std::uint32_t>(handed.size()));
  std::vector<os::UniqueFd> descriptors;
  for (Handed& each : handed) {
    frame.add_kinds(each.kind);
    descriptors.push_back(std::move(each.descriptor));
  }
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
