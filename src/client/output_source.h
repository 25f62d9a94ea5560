// SPDX-License-Identifier: Apache-2.0
//
// A job's output in the order in which it is shown, wherever it is kept.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "client/output_stream.h"
#include "os/errno.h"
#include "output/log_cursor.h"

namespace warren::client {

class OutputSource {
 public:
  virtual ~OutputSource() = default;

  // The next segment, or nothing when there is none yet. The one before is not asked for again.
  [[nodiscard]] virtual Result<std::optional<output::LogSegment>> next() = 0;

  // Moves some of `segment`, the last one or what remains of it, as OutputStream::move_from().
  [[nodiscard]] virtual os::KernelResult<std::size_t> move(const output::LogSegment& segment,
                                                           const OutputStream& stream) = 0;
  // Up to `most` of its bytes; none where they are lost.
  [[nodiscard]] virtual Result<std::string> read(const output::LogSegment& segment,
                                                 std::size_t most) = 0;

  // Readable when there may be more, or -1. Each look at it is announced.
  [[nodiscard]] virtual int watch_fd() const noexcept = 0;
  virtual void look() noexcept = 0;

  // Nothing more is written from here on.
  virtual void finish() noexcept = 0;
  // Bytes that the process wrote and that were not kept, as far as is known here.
  [[nodiscard]] virtual std::uint64_t lost_bytes() const noexcept = 0;
};

}  // namespace warren::client
