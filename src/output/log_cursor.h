// SPDX-License-Identifier: Apache-2.0
//
// The order in which kept output is replayed: a walk over the index of a log that may still grow.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/duration.h"
#include "base/log_index.h"
#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::output {

// The descriptors that an engine hands over, open for reading.
struct LogFiles {
  os::UniqueFd out;
  os::UniqueFd err;
  os::UniqueFd index;
  os::UniqueFd event = {};  // While the process lives: becomes ready after each growth, by edges.

  [[nodiscard]] int of(LogStream stream) const noexcept {
    return stream == LogStream::kStdout ? out.get() : err.get();
  }
};

struct LogOptions {
  bool out = true;
  bool err = true;
  std::uint64_t offset = 0;             // Bytes to skip of what would be shown.
  std::optional<std::uint64_t> tail{};  // Lines, of what has been written when the walk begins.
  std::optional<Timestamp> since{};
  bool timestamps = false;
};

// A piece of a stream's file that came, as far as the index says, in one read.
struct LogSegment {
  LogStream stream = LogStream::kStdout;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  Timestamp time{};
};

class LogCursor {
 public:
  // `files` must outlive it.
  LogCursor(const LogFiles& files, const LogOptions& options)
      : files_(files), options_(options), skip_(options.offset) {}

  // Moves to the start of the last lines that options ask for. Before the first next().
  [[nodiscard]] Result<> seek_tail();
  // The offset that begins at the same byte without the tail. Before the first next().
  [[nodiscard]] Result<std::uint64_t> offset_of_start() const;

  // The next piece whose bytes are on disk, or nothing when there is none yet.
  [[nodiscard]] Result<std::optional<LogSegment>> next();

  // From here on nothing more is written; bytes that a torn index does not cover come last.
  void finish() noexcept { finished_ = true; }

  // Bytes that the process wrote and that were not kept, as far as the walk has come.
  [[nodiscard]] std::uint64_t lost_bytes() const noexcept { return lost_bytes_; }

 private:
  struct TailScan {
    std::uint64_t lines = 0;      // Still to find.
    bool seen_last_byte = false;  // A newline that ends everything begins no line.
  };

  [[nodiscard]] Result<std::optional<LogRecord>> read_record(std::uint64_t number) const;
  // Takes following records into `segment` while they continue it.
  [[nodiscard]] Result<> extend(LogSegment& segment);
  [[nodiscard]] Result<std::optional<LogSegment>> next_uncovered();
  [[nodiscard]] Result<std::uint64_t> size_of(LogStream stream) const;
  [[nodiscard]] bool is_wanted(const LogRecord& record) const noexcept;
  void cover(const LogRecord& record) noexcept;
  // Leaves out what options skip; false when nothing remains.
  [[nodiscard]] bool trim(LogSegment& segment) noexcept;
  // Looks for the start of the last lines in `record`: how many of its bytes come before it.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_lines(const LogRecord& record,
                                                                TailScan& scan) const;

  const LogFiles& files_;
  LogOptions options_;
  std::uint64_t record_ = 0;              // The next one.
  std::uint64_t covered_[3] = {0, 0, 0};  // By LogStream: where the index's records end.
  std::uint64_t skip_;                    // Bytes of what is wanted that are not shown.
  Timestamp last_time_{};  // Of the last record; the best guess for bytes without one.
  std::uint64_t lost_bytes_ = 0;
  bool finished_ = false;
};

}  // namespace warren::output
