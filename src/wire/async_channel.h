// SPDX-License-Identifier: Apache-2.0
//
// The client end of native frames on an executor that one thread runs: many calls over one
// connection, of which none can hold up another. A call has at most its credit of messages in
// memory, and a call that nobody asks for its next message holds only itself.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warren/v1/frame.pb.h"
#include "wire/handed.h"

namespace warren::wire {

struct AsyncMessage {
  std::string bytes;
  std::vector<Handed> handed;
};

// One call. Destroyed before its end, it is cancelled.
class AsyncCall {
 public:
  virtual ~AsyncCall() = default;

  // Waits for the next message; nothing once the call has ended well, its error when it has ended
  // otherwise: kUnavailable where the connection is lost. One wait at a time; may be asked again
  // after the end, with the same answer.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<AsyncMessage>>> next() = 0;

  // The server stops its work; messages that nobody has taken are gone, and whoever waits in next()
  // gets kUnavailable. Not once the call has ended.
  virtual void cancel() = 0;
};

// The connection is closed once neither the channel nor any of its calls is left.
class AsyncChannel {
 public:
  virtual ~AsyncChannel() = default;

  // Connects to the Unix socket at `path` and exchanges Hello, within 5 s. Fails with kNotFound
  // when there is no socket, with kUnavailable when nobody listens, and with the server's reason
  // when it refuses.
  [[nodiscard]] static boost::asio::awaitable<Result<std::shared_ptr<AsyncChannel>>> connect(
      std::string path, std::optional<v1::OnBehalfOf> on_behalf_of = {});

  // Begins a call, on which `credit` (at least 1) messages may be under way at a time. What is
  // wrong already (the connection is lost, the request larger than a frame, 8 MiB of requests
  // unsent) the call's first next() says.
  [[nodiscard]] virtual std::unique_ptr<AsyncCall> open(std::string_view method,
                                                        std::string request,
                                                        std::uint32_t credit = 4) = 0;

  [[nodiscard]] virtual bool is_lost() const noexcept = 0;
  [[nodiscard]] virtual std::size_t open_calls() const noexcept = 0;
};

}  // namespace warren::wire
