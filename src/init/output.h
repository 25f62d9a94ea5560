// SPDX-License-Identifier: Apache-2.0
//
// A command's output on its way to disk: pipe, buffer, stream file, index. The disk is the truth;
// whoever reads it has no say in how fast the command writes. What cannot be kept, because the
// limit is reached or the disk is full, is still read, counted, and marked where it is missing.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/log_index.h"
#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::init {

// One of the two files of a process.
struct Stream {
  LogStream name = LogStream::kStdout;
  os::UniqueFd pipe;   // Read end.
  bool ended = false;  // Nothing will ever come from `pipe`.
  os::UniqueFd file;
  std::uint64_t size = 0;     // Of the file.
  std::uint64_t missing = 0;  // Bytes not kept since the last gap was marked.
  std::uint64_t refused = 0;  // Bytes that came after the limit.
};

class Output {
 public:
  Output() noexcept = default;

  // `limit` counts both streams and the index together; 0 is none. `event` is an eventfd that wakes
  // those who follow.
  void open(os::UniqueFd index, os::UniqueFd event, std::uint64_t limit) noexcept;

  [[nodiscard]] std::array<Stream, 2>& streams() noexcept { return streams_; }
  [[nodiscard]] const std::array<Stream, 2>& streams() const noexcept { return streams_; }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  [[nodiscard]] int event() const noexcept { return event_.get(); }

  // Moves at most one chunk of `stream` and returns its bytes. 0 when there is nothing to read now,
  // or, with `stream.ended`, ever.
  [[nodiscard]] std::size_t move_chunk(Stream& stream) noexcept;

  // Moves what the pipes hold at this moment, however much is being written meanwhile; then marks
  // gaps and counts in the index what the limit has refused.
  void finish() noexcept;

 private:
  void keep(Stream& stream, std::span<const std::byte> bytes) noexcept;
  [[nodiscard]] std::size_t append(Stream& stream, std::span<const std::byte> bytes,
                                   LogRecordKind kind) noexcept;
  void add_record(const Stream& stream, std::uint64_t offset, std::uint64_t length,
                  LogRecordKind kind) noexcept;
  void lose(Stream& stream, std::uint64_t bytes) noexcept;
  void mark_gap(Stream& stream) noexcept;
  void record_refused(Stream& stream) noexcept;
  void wake_followers() noexcept;
  [[nodiscard]] std::uint64_t room() const noexcept;

  std::array<Stream, 2> streams_;
  os::UniqueFd index_;
  os::UniqueFd event_;
  std::uint64_t limit_ = 0;
  std::uint64_t kept_ = 0;  // Of output and of index.
  std::uint64_t lost_ = 0;
  bool limit_marked_ = false;
};

// Microseconds since 1970-01-01T00:00:00Z.
[[nodiscard]] std::uint64_t wall_clock() noexcept;

}  // namespace warren::init
