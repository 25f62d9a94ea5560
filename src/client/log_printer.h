// SPDX-License-Identifier: Apache-2.0
//
// Replays a log to standard output and standard error, as far as it is there and as far as they
// take it.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/output_source.h"
#include "client/output_stream.h"
#include "output/log_cursor.h"

namespace warren::client {

using output::LogFiles;
using output::LogOptions;
using output::LogSegment;

class LogPrinter {
 public:
  enum class Progress : std::uint8_t {
    kCaughtUp,  // Everything that is there has been shown.
    kBlocked,   // poll(2) blocked_fd() for POLLOUT.
  };

  // Does not own `out` and `err`. Of the options, only whether to show times is for the printer.
  LogPrinter(std::unique_ptr<OutputSource> source, const LogOptions& options, int out, int err);
  LogPrinter(const LogPrinter&) = delete;
  LogPrinter& operator=(const LogPrinter&) = delete;

  // Readable when there may be more, or -1.
  [[nodiscard]] int watch_fd() const noexcept { return source_->watch_fd(); }

  // Shows all that can be shown now.
  [[nodiscard]] Result<Progress> pump();
  [[nodiscard]] int blocked_fd() const noexcept { return blocked_fd_; }

  // Nothing more is written from here on.
  void finish() noexcept { source_->finish(); }
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return source_->lost_bytes(); }

 private:
  [[nodiscard]] OutputStream& stream_of(LogStream stream) noexcept;
  // How much it advanced, or nothing when the stream is blocked.
  [[nodiscard]] Result<std::optional<std::uint64_t>> show(const LogSegment& segment);
  [[nodiscard]] Result<std::uint64_t> stamp(const LogSegment& segment);
  [[nodiscard]] Result<bool> flush_stamped();

  std::unique_ptr<OutputSource> source_;
  bool timestamps_;
  OutputStream out_;
  OutputStream err_;
  std::optional<LogSegment> segment_;  // Being shown: what remains of it.
  std::string stamped_;                // Text with timestamps that is not written yet.
  LogStream stamped_stream_ = LogStream::kStdout;
  std::array<bool, 3> inside_line_{};  // By LogStream.
  int blocked_fd_ = -1;
};

}  // namespace warren::client
