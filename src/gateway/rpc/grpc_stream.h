// SPDX-License-Identifier: Apache-2.0
//
// A call of the gRPC library as a Stream. The library calls its reactor on threads of its own;
// each of these calls becomes one function posted to the gateway's loop, where everything happens.

#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/call_limit.h"
#include "gateway/stream.h"

namespace warren::gateway {

// What one message of a client may cost.
struct ReadBounds {
  std::size_t bytes;
  std::optional<std::chrono::seconds> time = {};  // From when it is wanted until it is there.
};

// For a large answer, until the client has taken it; fails where there is none.
using Room = std::vector<CallLimit::Place>;
using MakeRoom = std::function<Result<Room>()>;

// Made on any thread, used on the loop. It deletes itself when the library is done with the call,
// which is some time after end().
class GrpcStream final : public Stream, private grpc::ServerGenericBidiReactor {
 public:
  // `start` is posted to the loop with the new stream, which keeps `places` as long as it lives.
  // What is returned is for the library.
  [[nodiscard]] static grpc::ServerGenericBidiReactor* open(
      grpc::GenericCallbackServerContext& context, boost::asio::any_io_executor loop,
      std::vector<CallLimit::Place> places, std::move_only_function<void(GrpcStream&)> start);

  [[nodiscard]] std::string_view method() const noexcept override { return method_; }
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<std::string>>> read() override;
  [[nodiscard]] boost::asio::awaitable<Result<>> write(std::string message) override;

  void set_bounds(ReadBounds bounds) noexcept { bounds_ = bounds; }
  void make_room_by(MakeRoom make_room) { make_room_ = std::move(make_room); }

  // Has `action` called once when the client goes; at once when it has gone. Empty: nothing.
  void on_cancel(std::function<void()> action);

  // Ends the call. No write may be waiting; a read that is fails. Nothing may be called afterwards.
  void end(const grpc::Status& status);

 private:
  using Waiter = std::move_only_function<void(bool)>;

  GrpcStream(grpc::GenericCallbackServerContext& context, boost::asio::any_io_executor loop,
             std::vector<CallLimit::Place> places);
  ~GrpcStream() override = default;

  void OnReadDone(bool came) override;
  void OnWriteDone(bool sent) override;
  void OnCancel() override;
  void OnDone() override;

  [[nodiscard]] static boost::asio::awaitable<bool> wait_in(Waiter& place);
  void limit_read();
  void limit_write();
  [[nodiscard]] Result<std::string> take_message();

  grpc::GenericCallbackServerContext& context_;
  boost::asio::any_io_executor loop_;
  const std::vector<CallLimit::Place> places_;
  const std::string method_;
  ReadBounds bounds_;
  MakeRoom make_room_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  Waiter reader_;
  Waiter writer_;
  boost::asio::steady_timer read_limit_;
  boost::asio::steady_timer write_limit_;
  std::function<void()> cancel_action_;
  bool is_cancelled_ = false;
  bool is_ended_ = false;
  bool is_too_slow_ = false;  // A read that was given up may still be under way.
};

}  // namespace warren::gateway
