// SPDX-License-Identifier: Apache-2.0

#include "wire/async_connection.h"

#include <sys/socket.h>

#include <boost/system/error_code.hpp>
#include <tuple>
#include <utility>

#include "os/call.h"
#include "wire/client_socket.h"
#include "wire/status.h"

namespace warren::wire {
namespace {

using Descriptor = boost::asio::posix::descriptor_base;

// As many as the server keeps for one connection (ServerOptions::request_bytes).
constexpr std::size_t kMostUnsentBytes = std::size_t{8} << 20;

}  // namespace

AsyncConnection::AsyncConnection(const loop::Executor& executor, os::UniqueFd socket)
    : socket_(executor, socket.release()) {}

void AsyncConnection::start(std::optional<v1::OnBehalfOf> on_behalf_of) {
  read_when_readable();
  // Who refuses hangs up without waiting for a greeting, and has said why.
  if (const auto sent = send(greeting(std::move(on_behalf_of))); !sent) lose(sent.error());
}

void AsyncConnection::give_credit(AsyncCallState& call) {
  ++call.credit;
  if (call.end) return;
  v1::Frame frame;
  frame.set_call(call.id);
  frame.set_credit(1);
  std::ignore = send(frame);  // Small enough; a lost connection says so to everybody.
}

void AsyncConnection::cancel(AsyncCallState& call) {
  if (call.end) return;
  calls_.erase(call.id);
  call.messages.clear();
  call.end = fail(Errc::kUnavailable, "the call is cancelled");
  call.news.notify();
  v1::Frame frame;
  frame.set_call(call.id);
  frame.mutable_cancel();
  std::ignore = send(frame);
}

// The callbacks do not keep the connection: it is closed when nobody uses it any more.
void AsyncConnection::read_when_readable() {
  socket_.async_wait(Descriptor::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& error) {
                       const auto self = weak.lock();
                       if (!self || error || self->is_lost()) return;
                       if (const auto read = self->read_some(); !read) {
                         self->lose(read.error());
                       } else {
                         self->read_when_readable();
                       }
                     });
}

Result<> AsyncConnection::read_some() {
  if (!WARREN_TRY(receiver_.receive(socket_.native_handle(), Wait::kNo))) return {};
  while (std::optional<ReceivedFrame> received = WARREN_TRY(receiver_.next())) {
    WARREN_TRY(accept(*std::move(received)));
  }
  return {};
}

Result<> AsyncConnection::accept(ReceivedFrame received) {
  if (received.frame.call() == 0) return accept_greeting(received.frame);
  const auto found = calls_.find(received.frame.call());
  if (found == calls_.end()) return {};  // Under way when the call was cancelled.
  const std::shared_ptr<AsyncCallState> call = found->second;
  if (received.frame.has_end()) {
    call->end = to_result(received.frame.end());
    calls_.erase(found);
  } else if (received.frame.kind_case() == v1::Frame::kMessage) {
    WARREN_TRY(deliver(*call, std::move(received)));
  }
  call->news.notify();
  return {};
}

Result<> AsyncConnection::accept_greeting(const v1::Frame& frame) {
  WARREN_TRY(check_greeting(frame));
  greeted_.open();
  return {};
}

Result<> AsyncConnection::deliver(AsyncCallState& call, ReceivedFrame received) {
  if (call.credit == 0) return fail(Errc::kInternal, "the engine sent more than it may");
  --call.credit;
  AsyncMessage message{.bytes = std::move(*received.frame.mutable_message()), .handed = {}};
  for (std::size_t i = 0; i < received.descriptors.size(); ++i) {
    const int number = static_cast<int>(i);
    const bool is_named = number < received.frame.kinds_size();
    message.handed.push_back(
        {.kind = is_named ? received.frame.kinds(number) : v1::HANDED_UNSPECIFIED,
         .descriptor = std::move(received.descriptors[i])});
  }
  call.messages.push_back(std::move(message));
  return {};
}

Result<> AsyncConnection::send(const v1::Frame& frame) {
  if (is_lost()) return {};
  std::string bytes = WARREN_TRY(encode(frame));
  unsent_bytes_ += bytes.size();
  outgoing_.push_back({.bytes = std::move(bytes)});
  if (!waits_for_room_) flush();
  return {};
}

void AsyncConnection::flush() {
  while (!outgoing_.empty()) {
    Outgoing& first = outgoing_.front();
    const auto sent = os::call_for<std::size_t>([&] {
      return ::send(socket_.native_handle(), first.bytes.data() + first.sent,
                    first.bytes.size() - first.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    });
    if (!sent && sent.error() == os::Errno{EAGAIN}) return flush_when_writable();
    // The reader finds out that the other end has gone, and what it has said before.
    if (!sent) return outgoing_.clear();
    first.sent += *sent;
    unsent_bytes_ -= *sent;
    if (first.sent == first.bytes.size()) outgoing_.pop_front();
  }
}

void AsyncConnection::flush_when_writable() {
  waits_for_room_ = true;
  socket_.async_wait(Descriptor::wait_write,
                     [weak = weak_from_this()](const boost::system::error_code& error) {
                       const auto self = weak.lock();
                       if (!self || error || self->is_lost()) return;
                       self->waits_for_room_ = false;
                       self->flush();
                     });
}

void AsyncConnection::lose(Error reason) {
  if (is_lost()) return;
  const auto self = shared_from_this();
  loss_ = std::move(reason);
  boost::system::error_code ignored;
  socket_.close(ignored);
  outgoing_.clear();
  greeted_.open();
  for (const auto& [id, call] : std::exchange(calls_, {})) {
    call->end =
        fail(Errc::kUnavailable, "the connection to the engine is lost: {}", loss_->message);
    call->news.notify();
  }
}

namespace {

// A call in the hands of whoever opened it.
class OpenCall : public AsyncCall {
 public:
  OpenCall(std::shared_ptr<AsyncConnection> connection, std::shared_ptr<AsyncCallState> state)
      : connection_(std::move(connection)), state_(std::move(state)) {}
  ~OpenCall() override { connection_->cancel(*state_); }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

  [[nodiscard]] loop::Task<Result<std::optional<AsyncMessage>>> next() override {
    return next_of(connection_, state_);
  }
  void cancel() override { connection_->cancel(*state_); }

 private:
  // With references of its own: the call may be destroyed while somebody waits.
  [[nodiscard]] static loop::Task<Result<std::optional<AsyncMessage>>> next_of(
      std::shared_ptr<AsyncConnection> connection, std::shared_ptr<AsyncCallState> state);

  std::shared_ptr<AsyncConnection> connection_;
  std::shared_ptr<AsyncCallState> state_;
};

loop::Task<Result<std::optional<AsyncMessage>>> OpenCall::next_of(
    std::shared_ptr<AsyncConnection> connection, std::shared_ptr<AsyncCallState> state) {
  while (state->messages.empty() && !state->end) co_await state->news.wait();
  if (state->messages.empty()) {
    if (!*state->end) co_return std::unexpected(state->end->error());
    co_return std::nullopt;
  }
  AsyncMessage message = std::move(state->messages.front());
  state->messages.pop_front();
  connection->give_credit(*state);
  co_return message;
}

}  // namespace

std::unique_ptr<AsyncCall> AsyncConnection::open(std::string_view method, std::string request,
                                                 std::uint32_t credit) {
  const auto call = std::make_shared<AsyncCallState>(socket_.get_executor(), credit);
  call->id = ++last_call_;
  v1::Frame frame;
  frame.set_call(call->id);
  frame.mutable_open()->set_method(std::string(method));
  frame.mutable_open()->set_request(std::move(request));
  frame.mutable_open()->set_credit(credit);
  if (is_lost()) {
    call->end =
        fail(Errc::kUnavailable, "the connection to the engine is lost: {}", loss_->message);
  } else if (unsent_bytes_ > kMostUnsentBytes) {
    call->end = fail(Errc::kResourceExhausted, "too many requests at a time on one connection");
  } else if (const auto sent = send(frame); !sent) {
    call->end = sent;
  } else {
    calls_.emplace(call->id, call);
  }
  return std::make_unique<OpenCall>(shared_from_this(), call);
}

}  // namespace warren::wire
