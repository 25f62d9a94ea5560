// SPDX-License-Identifier: Apache-2.0
//
// One call of a foreign client, whatever protocol it came by: messages in, messages out, a status
// at the end. A handler sees nothing else of the client.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::gateway {

class Stream {
 public:
  virtual ~Stream() = default;

  // "/joblet.JobletService/RunJob"
  [[nodiscard]] virtual std::string_view method() const noexcept = 0;

  // Waits for the client's next message; nothing once it has sent its last. Fails with
  // kUnavailable when the client has gone or has cancelled. One wait at a time, beside one write.
  // It may be under way when the handler returns: then it fails, and the stream lives until it has.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<std::string>>> read() = 0;

  // Sends one message and waits until the connection has room for another. Fails with kUnavailable
  // when the client has gone or has cancelled. One at a time.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> write(std::string message) = 0;
};

}  // namespace warren::gateway
