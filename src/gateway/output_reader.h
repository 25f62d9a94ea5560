// SPDX-License-Identifier: Apache-2.0
//
// Kept output as pieces of bytes, from its first byte to its last, waiting for growth in between.
// No more is held in memory than was asked for once: a slow taker slows only itself.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/log_index.h"
#include "base/result.h"
#include "output/log_cursor.h"
#include "wire/async_channel.h"
#include "wire/handed.h"

namespace warren::gateway {

struct OutputPiece {
  LogStream stream;
  std::string bytes;
  Timestamp time;  // When the command wrote its first byte.
  friend bool operator==(const OutputPiece&, const OutputPiece&) = default;
};

class OutputReader {
 public:
  virtual ~OutputReader() = default;

  // `files` were handed over by the engine. Reads happen on threads of their own.
  [[nodiscard]] static Result<std::unique_ptr<OutputReader>> open(
      output::LogFiles files, const output::LogOptions& options);

  // Waits for the next piece, of at most `most` bytes, which is the same each time; nothing once
  // everything has been given after finish() or leave_off(). One wait at a time.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<OutputPiece>>> next(
      std::size_t most) = 0;

  // A further piece that needs no waiting; all of them since next() have at most `most` bytes.
  [[nodiscard]] virtual std::optional<OutputPiece> next_ready() = 0;

  // Where the pieces begin, as an offset that begins there without the tail. Known with the first.
  [[nodiscard]] virtual std::uint64_t offset_of_start() const = 0;

  // Nothing more will be written. Wakes whoever waits in next().
  virtual void finish() = 0;

  // More may be written, but nobody will tell: only what is there is still given. Wakes whoever
  // waits in next().
  virtual void leave_off() = 0;
};

// Of the descriptors of a message, those of the output; nothing when it is not whole. The others
// stay in `handed`.
[[nodiscard]] std::optional<output::LogFiles> take_log_files(std::vector<wire::Handed>& handed);

// One node's log from the engine's call Log: opens it, follows it, knows when it is over.
class LogSource {
 public:
  virtual ~LogSource() = default;

  // Waits until the job has begun. Fails where there is no log, as of a job that never will.
  [[nodiscard]] static boost::asio::awaitable<Result<std::unique_ptr<LogSource>>> open(
      std::shared_ptr<wire::AsyncChannel> engine, std::string node, output::LogOptions options);

  // As OutputReader::next. When the engine goes away, what is on disk still comes, then
  // kUnavailable.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<OutputPiece>>> next(
      std::size_t most) = 0;
};

}  // namespace warren::gateway
