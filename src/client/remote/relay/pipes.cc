// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/pipes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::relay {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kLargestPiece = 256 << 10;

using Channel = v1::Remote::Piece::Channel;

// The channel of a descriptor that a client writes to.
std::optional<Channel> channel_of(int handed) {
  if (handed == v1::HANDED_INPUT) return v1::Remote::Piece::CHANNEL_INPUT;
  if (handed == v1::HANDED_ARCHIVE) return v1::Remote::Piece::CHANNEL_ARCHIVE;
  return std::nullopt;
}

}  // namespace

// The end that is read, without blocking.
class Pipe {
 public:
  Pipe(Channel pipe_channel, os::UniqueFd end, const loop::Executor& executor)
      : channel(pipe_channel), end_(executor, end.release()) {}

  const Channel channel;

  [[nodiscard]] bool is_closed() const { return !end_.is_open(); }
  void close() {
    boost::system::error_code ignored;
    end_.close(ignored);
  }

  // Waits for bytes; none at the end. Nothing once it is closed here.
  [[nodiscard]] loop::Task<std::optional<std::string>> read() {
    std::string bytes(kLargestPiece, '\0');
    while (end_.is_open()) {
      const auto count =
          os::read_some(end_.native_handle(), std::as_writable_bytes(std::span(bytes)));
      if (count) {
        bytes.resize(*count);
        co_return bytes;
      }
      if (count.error() != os::Errno{EAGAIN}) break;
      co_await end_.async_wait(asio::posix::descriptor_base::wait_read, kNoThrow);
    }
    co_return std::nullopt;
  }

 private:
  asio::posix::stream_descriptor end_;
};

Pipes::Pipes(std::shared_ptr<RemoteCall> call, const loop::Executor& executor, Requests requests)
    : call_(std::move(call)),
      executor_(executor),
      changed_(executor),
      refused_(requests == Requests::kOver) {}

Pipes::~Pipes() = default;

Result<std::vector<wire::Handed>> Pipes::take(const v1::Remote& answer) {
  for (const v1::Remote::Piece& piece : answer.pieces()) {
    if (!piece.end()) continue;
    for (const auto& pipe : pipes_) {
      if (pipe->channel == piece.channel()) pipe->close();
    }
  }
  std::vector<wire::Handed> handed;
  for (const int kind : answer.handed()) {
    const std::optional<Channel> channel = channel_of(kind);
    if (!channel) continue;
    std::array<int, 2> ends{-1, -1};
    WARREN_TRY(
        os::context(os::call([&] { return ::pipe2(ends.data(), O_CLOEXEC); }), "creating a pipe"));
    os::UniqueFd reader(ends[0]);
    handed.push_back({.kind = static_cast<v1::Handed>(kind), .descriptor = os::UniqueFd(ends[1])});
    WARREN_TRY(os::context(os::call([&] { return ::fcntl(reader.get(), F_SETFL, O_NONBLOCK); }),
                           "setting up a pipe"));
    pipes_.push_back(std::make_shared<Pipe>(*channel, std::move(reader), executor_));
    ++running_;
    loop::spawn(executor_, pump(pipes_.back()));
  }
  return handed;
}

void Pipes::end_requests_when_done() {
  if (std::exchange(ends_requests_, true)) return;
  ++running_;
  loop::spawn(executor_, end_requests());
}

loop::Task<> Pipes::close() {
  for (const auto& pipe : pipes_) pipe->close();
  while (running_ > 0) co_await changed_.wait();
}

loop::Task<> Pipes::pump(std::shared_ptr<Pipe> pipe) {
  bool goes_on = true;
  while (goes_on) {
    std::optional<std::string> bytes = co_await pipe->read();
    if (!bytes) break;
    const bool is_end = bytes->empty();
    const bool taken = co_await send(pipe->channel, *std::move(bytes));
    goes_on = taken && !is_end;
  }
  pipe->close();
  leave();
}

loop::Task<bool> Pipes::send(Channel channel, std::string data) {
  while (sending_) co_await changed_.wait();
  if (refused_) co_return false;
  v1::Carrier request;
  v1::Remote::Piece& piece = *request.mutable_remote()->add_pieces();
  piece.set_channel(channel);
  piece.set_end(data.empty());
  piece.set_data(std::move(data));
  sending_ = true;
  Outgoing message = own(request.SerializeAsString());
  const bool taken = co_await call_->write(std::move(message), RemoteCall::Last::kNo);
  refused_ = !taken;
  sending_ = false;
  changed_.notify();
  co_return taken;
}

loop::Task<> Pipes::end_requests() {
  while (running_ > 1) co_await changed_.wait();
  if (!refused_) co_await call_->end_writes();
  leave();
}

void Pipes::leave() {
  --running_;
  changed_.notify();
}

}  // namespace warren::relay
