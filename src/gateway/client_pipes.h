// SPDX-License-Identifier: Apache-2.0
//
// The engine's pipes that a client elsewhere writes to, piece by piece.

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "gateway/remote_message.h"
#include "loop/signal.h"
#include "loop/task.h"
#include "wire/handed.h"

namespace warren::gateway {

class ClientPipes : public std::enable_shared_from_this<ClientPipes> {
 public:
  // `on_broken` is called when nobody reads a pipe any more that the client has not ended.
  ClientPipes(loop::Executor executor, std::function<void(Channel)> on_broken)
      : executor_(std::move(executor)), on_broken_(std::move(on_broken)), ended_(executor_) {}

  // Keeps the pipes among what the engine has handed over.
  void take(std::vector<wire::Handed>& handed);

  // Waits until the pipe has taken all of `piece`. What nobody reads any more is dropped; a piece
  // for a pipe that was never handed over is kInvalidArgument.
  [[nodiscard]] loop::Task<Result<>> put(v1::Remote::Piece piece);

  // Waits until the client has ended `channel`, or nobody reads it any more.
  [[nodiscard]] loop::Task<> wait_for_end(Channel channel);

  // Whoever reads them sees their end, as of those that come later. Wakes whoever waits.
  void close();

 private:
  using Pipe = boost::asio::posix::stream_descriptor;

  void open(Channel channel, os::UniqueFd descriptor);
  void watch(Channel channel, Pipe& pipe);
  void end(Pipe& pipe);
  [[nodiscard]] bool is_open(Channel channel) const;

  loop::Executor executor_;
  std::function<void(Channel)> on_broken_;
  std::map<Channel, Pipe> pipes_;
  loop::Signal ended_;  // One of them.
  bool is_closed_ = false;
};

}  // namespace warren::gateway
