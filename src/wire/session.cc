// SPDX-License-Identifier: Apache-2.0

#include "wire/session.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <tuple>
#include <utility>

#include "loop/task.h"
#include "os/call.h"
#include "os/context.h"
#include "wire/received_descriptors.h"
#include "wire/server_call.h"
#include "wire/status.h"

namespace warren::wire {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

}  // namespace

const Handler* ServerCore::handler_of(std::string_view method) const {
  const auto own = handlers.find(method);
  if (own != handlers.end()) return &own->second;
  return handler_of_others ? &handler_of_others : nullptr;
}

Session::Session(std::shared_ptr<ServerCore> core, os::UniqueFd socket, Peer peer)
    : core_(std::move(core)),
      socket_(core_->listening.get_executor(), socket.release()),
      handshake_(socket_.get_executor()),
      drained_(socket_.get_executor()),
      peer_(std::move(peer)) {}

void Session::start() {
  handshake_.expires_after(core_->options.handshake_deadline);
  handshake_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error && !self->greeted_) self->close();
  });
  loop::spawn_at_once(socket_.get_executor(), read_frames(shared_from_this()));
}

void Session::refuse(const Error& reason) {
  end(0, std::unexpected(reason));
  close();
}

void Session::close() {
  if (!socket_.is_open()) return;
  const auto self = shared_from_this();  // The server's reference may be the last one.
  boost::system::error_code ignored;
  socket_.close(ignored);
  handshake_.cancel();
  drained_.notify();
  outgoing_.clear();
  unsent_bytes_ = 0;
  for (const auto& [id, call] : std::exchange(calls_, {})) call->cancel();
  if (core_->sessions.erase(self) != 0 && --core_->sessions_of_uid[peer_.uid] == 0) {
    core_->sessions_of_uid.erase(peer_.uid);
  }
}

bool Session::is_congested() const noexcept {
  return unsent_bytes_ >= core_->options.unsent_bytes;
}

asio::awaitable<void> Session::read_frames(std::shared_ptr<Session> self) {
  while (co_await self->read_some()) {
    if (const auto result = self->take_frames(); !result) self->refuse(result.error());
    // A client that does not read what it asked for gets no more requests read either, so that
    // answers cannot pile up.
    while (self->socket_.is_open() && self->is_congested()) co_await self->drained_.wait();
  }
  self->close();
}

asio::awaitable<bool> Session::read_some() {
  if (!socket_.is_open()) co_return false;
  const auto [error] =
      co_await socket_.async_wait(asio::posix::descriptor_base::wait_read, kNoThrow);
  co_return !error && socket_.is_open() && receive();
}

bool Session::receive() {
  std::array<char, 16384> bytes;
  const int socket = socket_.native_handle();
  // Without room for control data the kernel closes descriptors that a client sends.
  const auto count = core_->options.accepts_files
                         ? receive_with_descriptors(socket, bytes, descriptors_, MSG_DONTWAIT)
                         : os::call_for<std::size_t>([&] {
                             return ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
                           });
  if (!count) return count.error() == os::Errno{EAGAIN};
  decoder_.append(std::string_view(bytes.data(), *count));
  return *count != 0;
}

Result<> Session::take_frames() {
  while (socket_.is_open()) {
    std::optional<v1::Frame> frame = WARREN_TRY(decoder_.next());
    if (!frame) break;
    WARREN_TRY(accept(*std::move(frame)));
  }
  // Descriptors travel with the first bytes of their frame: with no frame begun, nobody owns these.
  if (!decoder_.is_inside_frame()) descriptors_.clear();
  return {};
}

Result<> Session::accept(v1::Frame frame) {
  if (!greeted_) return greet(std::move(frame));
  const auto call = calls_.find(frame.call());
  switch (frame.kind_case()) {
    case v1::Frame::kOpen:
      return open(std::move(frame));
    case v1::Frame::kCancel:
      // Of a call that has just ended, there is nothing to cancel.
      if (call != calls_.end()) call->second->cancel();
      return {};
    case v1::Frame::kCredit:
      if (call != calls_.end()) call->second->add_credit(frame.credit());
      return {};
    default:
      return fail(Errc::kInvalidArgument, "a frame of an unexpected kind");
  }
}

Result<> Session::greet(v1::Frame frame) {
  if (frame.call() != 0 || !frame.has_hello() || frame.hello().version() < kVersion) {
    return fail(Errc::kInvalidArgument, "the first frame must be a Hello of version {} or later",
                kVersion);
  }
  if (frame.hello().has_on_behalf_of()) {
    peer_.on_behalf_of = std::move(*frame.mutable_hello()->mutable_on_behalf_of());
  }
  WARREN_TRY(vouch());
  greeted_ = true;
  handshake_.cancel();
  v1::Frame answer;
  answer.mutable_hello()->set_version(kVersion);
  answer.mutable_hello()->set_product("warren");
  return send(answer);
}

Result<> Session::vouch() const {
  if (core_->options.vouch) return core_->options.vouch(peer_);
  if (!peer_.on_behalf_of) return {};
  return fail(Errc::kPermissionDenied, "nobody speaks for others on this socket");
}

Result<> Session::open(v1::Frame frame) {
  if (frame.call() <= last_call_) {
    return fail(Errc::kInvalidArgument, "call {} after call {}", frame.call(), last_call_);
  }
  last_call_ = frame.call();
  std::optional<os::SealedFile> file = WARREN_TRY(take_file(frame));
  const std::size_t bytes = frame.open().request().size();
  if (const auto room = check_room(frame.open().method(), bytes); !room) {
    end(frame.call(), room);
    return {};
  }
  request_bytes_ += bytes;
  auto call = std::make_shared<ServerCall>(shared_from_this(), socket_.get_executor(),
                                           std::move(frame), std::move(file));
  calls_.emplace(call->id(), call);
  loop::spawn_at_once(socket_.get_executor(), serve(shared_from_this(), std::move(call)));
  return {};
}

Result<std::optional<os::SealedFile>> Session::take_file(const v1::Frame& frame) {
  if (frame.descriptors() == 0 || !core_->options.accepts_files) return std::nullopt;
  if (frame.descriptors() != 1 || descriptors_.empty() || frame.kinds_size() != 1 ||
      frame.kinds(0) != v1::HANDED_REQUEST) {
    return fail(Errc::kInvalidArgument, "a call begins with one file at most, its request");
  }
  const os::UniqueFd file = std::move(descriptors_.front());
  descriptors_.pop_front();
  return WARREN_TRY(os::context(os::SealedFile::map(file), "mapping a request"));
}

Result<> Session::check_room(std::string_view method, std::size_t request_bytes) const {
  if (core_->handler_of(method) == nullptr) {
    return fail(Errc::kUnimplemented, "this engine has no call '{}'", method);
  }
  if (calls_.size() >= core_->options.calls_per_connection ||
      request_bytes_ + request_bytes > core_->options.request_bytes) {
    return fail(Errc::kResourceExhausted, "too many calls at a time on one connection");
  }
  return {};
}

asio::awaitable<void> Session::serve(std::shared_ptr<Session> self,
                                     std::shared_ptr<ServerCall> call) {
  const Handler& handler = *self->core_->handler_of(call->method());
  Result<> result;
  try {
    result = co_await handler(call);
  } catch (const std::exception& exception) {
    result = fail(Errc::kInternal, "{}: {}", call->method(), exception.what());
  }
  self->request_bytes_ -= call->request_bytes();
  // Absent: the connection has been closed meanwhile.
  if (self->calls_.erase(call->id()) != 0) self->end(call->id(), result);
}

void Session::end(std::uint32_t call, const Result<>& result) {
  v1::Frame frame;
  frame.set_call(call);
  *frame.mutable_end() = to_end(result);
  // Fails only when the sentence is larger than a frame may be, and then says less.
  if (!send(frame)) {
    frame.mutable_end()->clear_message();
    std::ignore = send(frame);
  }
}

}  // namespace warren::wire
