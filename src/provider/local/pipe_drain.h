// SPDX-License-Identifier: Apache-2.0
//
// What a dead init has left unread in the pipes of its command.

#pragma once

#include "base/log_index.h"
#include "base/size.h"

namespace warren::provider {

// Descriptors of the log that what is left belongs to; `index` is open for appending.
struct DrainTarget {
  int file;
  int index;
  LogStream stream;
};

struct Drained {
  Bytes size;  // Of the file, then.
  Bytes lost;  // What was read and could not be written; the index says so in one record.
};

// Moves what `pipe` holds to the end of the file. After the first write that fails nothing more is
// kept, so that what is kept has no gaps.
[[nodiscard]] Drained drain_pipe(int pipe, const DrainTarget& target);

}  // namespace warren::provider
