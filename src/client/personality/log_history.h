// SPDX-License-Identifier: Apache-2.0
//
// What the log of `jobworker-server` tells the next server of the one before, which may have been
// killed between a job's start and its end.

#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::client {

struct LogHistory {
  std::set<std::string> unfinished;  // Jobs of which the log has a start and no end.
  bool is_broken_off = false;        // The last line has no end.
};

// Takes a log piece by piece. Pure.
class LogScan {
 public:
  void take(std::string_view piece);
  [[nodiscard]] LogHistory finish() &&;

 private:
  void take_line(std::string_view line);

  std::set<std::string> unfinished_;
  std::string line_;  // The start of one whose end has not come; no more of it than counts.
};

// Of the file `log`; nothing of one that is no regular file.
[[nodiscard]] Result<LogHistory> read_history(int log);

}  // namespace warren::client
