// SPDX-License-Identifier: Apache-2.0
//
// The output of one job as chunks of bytes, for faces whose clients know jobs and nothing else.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "output/log_cursor.h"
#include "wire/async_channel.h"

namespace warren::gateway {

struct OutputOrder {
  std::string job;  // Its id.
  output::LogOptions options;
  std::size_t largest_chunk;
  bool explains;  // Why the job could not be started, where that is so, is its output.
};

using SendChunk = std::function<boost::asio::awaitable<Result<>>(std::string)>;

// Gives `send` all that the job has written and will write. What never ran has written nothing, and
// nothing is missing. The caller keeps both.
[[nodiscard]] boost::asio::awaitable<Result<>> send_output(
    std::shared_ptr<wire::AsyncChannel> engine, const OutputOrder& order, const SendChunk& send);

}  // namespace warren::gateway
