// SPDX-License-Identifier: Apache-2.0
//
// What a dead init has left unread in the pipes of its command.

#pragma once

#include <cstdint>

#include "base/log_index.h"
#include "base/size.h"

namespace warren::provider {

// Descriptors of the log that what is left belongs to; `index` is open for appending.
struct DrainTarget {
  int file;
  int index;
  LogStream stream;
};

// What a log may still take, all of its streams and the index together.
struct LogRoom {
  std::uint64_t bytes;
  bool is_marked = false;  // Readers are told already that the limit is reached.
};

// The room that `limit` leaves a log of both streams, as init would count it. 0 is no limit.
[[nodiscard]] LogRoom room_in(Bytes limit, const DrainTarget& out, const DrainTarget& err);

struct Drained {
  Bytes size;  // Of the file, then.
  Bytes lost;  // What was read and not kept; the index says so in one record.
};

// Moves what `pipe` holds to the end of the file. What is beyond `room`, and all that follows the
// first write that fails, is not kept, so that what is kept has no gaps.
[[nodiscard]] Drained drain_pipe(int pipe, const DrainTarget& target, LogRoom& room);

}  // namespace warren::provider
