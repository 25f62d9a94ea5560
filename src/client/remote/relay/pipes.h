// SPDX-License-Identifier: Apache-2.0
//
// Pipes in the place of those that the remote server keeps: the command line writes into them as
// into the engine's own, and what it writes travels as pieces of later requests.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/remote/relay/remote_call.h"
#include "loop/signal.h"
#include "loop/task.h"
#include "warren/v1/remote.pb.h"
#include "wire/handed.h"

namespace warren::relay {

class Pipe;

class Pipes {
 public:
  // Where the server takes no more requests, what is written into the pipes is refused.
  enum class Requests : bool { kOver, kGoOn };
  Pipes(std::shared_ptr<RemoteCall> call, const loop::Executor& executor, Requests requests);
  ~Pipes();
  Pipes(const Pipes&) = delete;
  Pipes& operator=(const Pipes&) = delete;

  // Makes a pipe for each that an answer hands over, and gives the ends to write to; closes those
  // that nobody reads any more.
  [[nodiscard]] Result<std::vector<wire::Handed>> take(const v1::Remote& answer);

  // After the first answer: when all pipes have ended, so do the requests.
  void end_requests_when_done();

  // Closes all of them, and waits until nothing is being sent. Before this object goes.
  [[nodiscard]] loop::Task<> close();

 private:
  [[nodiscard]] loop::Task<> pump(std::shared_ptr<Pipe> pipe);
  // False once the server takes no more.
  [[nodiscard]] loop::Task<bool> send(v1::Remote::Piece::Channel channel, std::string data);
  [[nodiscard]] loop::Task<> end_requests();
  void leave();

  std::shared_ptr<RemoteCall> call_;
  loop::Executor executor_;
  std::vector<std::shared_ptr<Pipe>> pipes_;
  loop::Signal changed_;
  std::size_t running_ = 0;  // Coroutines of this object.
  bool sending_ = false;
  bool refused_;  // The server takes no more.
  bool ends_requests_ = false;
};

}  // namespace warren::relay
