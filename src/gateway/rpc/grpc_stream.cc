// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/grpc_stream.h"

#include <grpcpp/support/slice.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "base/co_try.h"
#include "gateway/methods.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;

// A reader that stops costs memory for as long as it stays.
constexpr std::chrono::hours kLongestWrite{24};

// What streams of output and lists in parts send at a time, and some more, is not large.
constexpr std::size_t kLargeMessage = std::size_t{320} << 10;

std::unexpected<Error> client_gone() {
  return fail(Errc::kUnavailable, "the client has gone");
}

// Without a copy: the library frees the string with the last byte sent.
grpc::Slice slice_of(std::string message) {
  auto kept = std::make_unique<std::string>(std::move(message));
  const auto release = [](void* text) { delete static_cast<std::string*>(text); };
  char* const bytes = kept->data();
  const std::size_t size = kept->size();
  return {bytes, size, release, kept.release()};
}

// Slice by slice, so that no more than one slice is there twice.
Result<std::string> text_of(grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  text.reserve(buffer.Length());
  if (!buffer.Dump(&slices).ok()) return fail(Errc::kInternal, "a message cannot be read");
  buffer.Clear();
  for (grpc::Slice& slice : slices) {
    text.append(slice.begin(), slice.end());
    slice = grpc::Slice();
  }
  return text;
}

}  // namespace

grpc::ServerGenericBidiReactor* GrpcStream::open(grpc::GenericCallbackServerContext& context,
                                                 asio::any_io_executor loop,
                                                 std::vector<CallLimit::Place> places,
                                                 std::move_only_function<void(GrpcStream&)> start) {
  auto* const stream = new GrpcStream(context, std::move(loop), std::move(places));
  asio::post(stream->loop_, [stream, begin = std::move(start)]() mutable { begin(*stream); });
  return stream;
}

GrpcStream::GrpcStream(grpc::GenericCallbackServerContext& context, asio::any_io_executor loop,
                       std::vector<CallLimit::Place> places)
    : context_(context),
      loop_(std::move(loop)),
      places_(std::move(places)),
      method_(context.method()),
      bounds_{.bytes = kLargestMessage},
      read_limit_(loop_),
      write_limit_(loop_) {}

asio::awaitable<bool> GrpcStream::wait_in(Waiter& place) {
  auto keep = [](auto handler, Waiter* waiter) {
    *waiter = [resume = std::move(handler)](bool done) mutable { std::move(resume)(done); };
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      keep, asio::use_awaitable, &place);
}

asio::awaitable<Result<std::optional<std::string>>> GrpcStream::read() {
  if (is_cancelled_) co_return client_gone();
  if (!is_too_slow_) {
    StartRead(&incoming_);
    limit_read();
    const bool came = co_await wait_in(reader_);
    read_limit_.cancel();
    if (came) co_return take_message();
  }
  if (is_too_slow_) {
    co_return fail(Errc::kResourceExhausted, "the request took longer than {} s",
                   bounds_.time->count());
  }
  // A read that outlives the call outlives its context too.
  if (is_cancelled_ || is_ended_ || context_.IsCancelled()) co_return client_gone();
  co_return std::nullopt;
}

asio::awaitable<Result<>> GrpcStream::write(std::string message) {
  if (is_cancelled_) co_return client_gone();
  Room room;
  if (message.size() > kLargeMessage && make_room_) {
    WARREN_CO_TRY(room, make_room_());
  }
  const grpc::Slice slice = slice_of(std::move(message));
  outgoing_ = grpc::ByteBuffer(&slice, 1);
  StartWrite(&outgoing_);
  limit_write();
  const bool sent = co_await wait_in(writer_);
  write_limit_.cancel();
  outgoing_.Clear();
  if (!sent) co_return client_gone();
  co_return Result<>();
}

void GrpcStream::on_cancel(std::function<void()> action) {
  if (is_cancelled_ && action) return action();
  cancel_action_ = std::move(action);
}

void GrpcStream::end(const grpc::Status& status) {
  cancel_action_ = nullptr;
  is_ended_ = true;
  Finish(status);
}

Result<std::string> GrpcStream::take_message() {
  const std::size_t size = incoming_.Length();
  if (size <= bounds_.bytes) return text_of(incoming_);
  incoming_.Clear();
  return fail(Errc::kResourceExhausted, "the request has {} bytes, and may have {}", size,
              bounds_.bytes);
}

// The stream outlives a timer that has not been cancelled: both are only ended on the loop.
void GrpcStream::limit_read() {
  if (!bounds_.time) return;
  read_limit_.expires_after(*bounds_.time);
  read_limit_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || !reader_) return;
    is_too_slow_ = true;
    std::exchange(reader_, nullptr)(false);
  });
}

// Nobody can be told anything behind a message that is not taken, but the stream can be reset.
void GrpcStream::limit_write() {
  write_limit_.expires_after(kLongestWrite);
  write_limit_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && writer_) context_.TryCancel();
  });
}

void GrpcStream::OnReadDone(bool came) {
  asio::post(loop_, [this, came] {
    if (reader_) std::exchange(reader_, nullptr)(came);
  });
}

void GrpcStream::OnWriteDone(bool sent) {
  asio::post(loop_, [this, sent] {
    if (writer_) std::exchange(writer_, nullptr)(sent);
  });
}

void GrpcStream::OnCancel() {
  asio::post(loop_, [this] {
    is_cancelled_ = true;
    if (const auto action = std::exchange(cancel_action_, nullptr)) action();
  });
}

// The last call of the library's: whatever was posted before it runs before it.
void GrpcStream::OnDone() {
  asio::post(loop_, [this] { delete this; });
}

}  // namespace warren::gateway
