// SPDX-License-Identifier: Apache-2.0
//
// The connection under an AsyncChannel: one read loop, a queue for each call, what is to be sent.
// Private to this module.

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/gate.h"
#include "loop/signal.h"
#include "wire/async_channel.h"
#include "wire/frame_receiver.h"

namespace warren::wire {

// What the connection keeps of a call until its end, and the call until it is destroyed.
struct AsyncCallState {
  AsyncCallState(const loop::Executor& executor, std::uint32_t first_credit)
      : credit(first_credit), news(executor) {}

  std::uint32_t id = 0;
  std::uint32_t credit;  // Messages that the server may still send.
  std::deque<AsyncMessage> messages;
  std::optional<Result<>> end;  // Comes after `messages`.
  loop::Signal news;
};

class AsyncConnection : public AsyncChannel, public std::enable_shared_from_this<AsyncConnection> {
 public:
  AsyncConnection(const loop::Executor& executor, os::UniqueFd socket);

  // Begins to read, and greets. The outcome is known once `greeted()` is open.
  void start(std::optional<v1::OnBehalfOf> on_behalf_of);
  [[nodiscard]] loop::Gate& greeted() noexcept { return greeted_; }
  // Why the connection is lost; nothing while it is not.
  [[nodiscard]] const std::optional<Error>& loss() const noexcept { return loss_; }

  [[nodiscard]] std::unique_ptr<AsyncCall> open(std::string_view method, std::string request,
                                                std::uint32_t credit) override;
  [[nodiscard]] bool is_lost() const noexcept override { return loss_.has_value(); }
  [[nodiscard]] std::size_t open_calls() const noexcept override { return calls_.size(); }

  // Of a call that has taken one of its messages.
  void give_credit(AsyncCallState& call);
  void cancel(AsyncCallState& call);

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
  };

  void read_when_readable();
  [[nodiscard]] Result<> read_some();
  [[nodiscard]] Result<> accept(ReceivedFrame received);
  [[nodiscard]] Result<> accept_greeting(const v1::Frame& frame);
  [[nodiscard]] static Result<> deliver(AsyncCallState& call, ReceivedFrame received);
  [[nodiscard]] Result<> send(const v1::Frame& frame);
  void flush();
  void flush_when_writable();
  void lose(Error reason);

  boost::asio::posix::stream_descriptor socket_;
  loop::Gate greeted_;  // Or lost.
  std::optional<Error> loss_;
  FrameReceiver receiver_;
  std::map<std::uint32_t, std::shared_ptr<AsyncCallState>> calls_;
  std::deque<Outgoing> outgoing_;
  std::size_t unsent_bytes_ = 0;
  std::uint32_t last_call_ = 0;
  bool waits_for_room_ = false;
};

}  // namespace warren::wire
