// SPDX-License-Identifier: Apache-2.0
//
// Replays a log to standard output and standard error, as far as it is written and as far as they
// take it.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/log_cursor.h"
#include "client/output_stream.h"

namespace warren::client {

class LogPrinter {
 public:
  enum class Progress : std::uint8_t {
    kCaughtUp,  // Everything that is written has been shown.
    kBlocked,   // poll(2) blocked_fd() for POLLOUT.
  };

  // Does not own `out` and `err`.
  LogPrinter(LogFiles files, const LogOptions& options, int out, int err);
  LogPrinter(const LogPrinter&) = delete;
  LogPrinter& operator=(const LogPrinter&) = delete;

  // Watches for growth: readable when there may be more. A log that has ended is not watched.
  [[nodiscard]] Result<> watch();
  [[nodiscard]] int watch_fd() const noexcept { return watch_.get(); }

  // Shows all that can be shown now.
  [[nodiscard]] Result<Progress> pump();
  [[nodiscard]] int blocked_fd() const noexcept { return blocked_fd_; }

  // Nothing more is written from here on.
  void finish() noexcept { cursor_.finish(); }
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return cursor_.lost_bytes(); }

 private:
  [[nodiscard]] OutputStream& stream_of(LogStream stream) noexcept;
  // How much it advanced, or nothing when the stream is blocked.
  [[nodiscard]] Result<std::optional<std::uint64_t>> show(const LogSegment& segment);
  [[nodiscard]] Result<std::uint64_t> stamp(const LogSegment& segment);
  [[nodiscard]] Result<bool> flush_stamped();

  LogFiles files_;
  bool timestamps_;
  LogCursor cursor_;
  bool sought_ = false;
  OutputStream out_;
  OutputStream err_;
  os::UniqueFd watch_;
  std::optional<LogSegment> segment_;  // Being shown: what remains of it.
  std::string stamped_;                // Text with timestamps that is not written yet.
  LogStream stamped_stream_ = LogStream::kStdout;
  std::array<bool, 3> inside_line_{};  // By LogStream.
  int blocked_fd_ = -1;
};

}  // namespace warren::client
