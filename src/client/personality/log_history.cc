// SPDX-License-Identifier: Apache-2.0

#include "client/personality/log_history.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "client/personality/job_entries.h"
#include "os/call.h"
#include "os/context.h"

namespace warren::client {
namespace {

// Of a line, what says which job it is about; the rest may be a command of any length.
constexpr std::size_t kMostOfLine = 512;

}  // namespace

void LogScan::take(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = std::min(piece.find('\n'), piece.size());
    line_.append(piece.substr(0, std::min(end, kMostOfLine - line_.size())));
    if (end == piece.size()) return;
    take_line(line_);
    line_.clear();
    piece.remove_prefix(end + 1);
  }
}

void LogScan::take_line(std::string_view line) {
  const std::optional<LoggedStep> step = parse_entry(line);
  if (!step) return;
  if (step->has_ended) unfinished_.erase(step->job);
  if (!step->has_ended) unfinished_.insert(step->job);
}

LogHistory LogScan::finish() && {
  return {.unfinished = std::move(unfinished_), .is_broken_off = !line_.empty()};
}

Result<LogHistory> read_history(int log) {
  constexpr std::size_t kPiece = std::size_t{256} << 10;
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(log, &status); }), "looking at the log"));
  if (!S_ISREG(status.st_mode)) return LogHistory();
  LogScan scan;
  std::vector<char> piece(kPiece);
  for (off_t offset = 0;;) {
    const auto read = [&] { return ::pread(log, piece.data(), piece.size(), offset); };
    const std::size_t count =
        WARREN_TRY(os::context(os::call_for<std::size_t>(read), "reading the log"));
    if (count == 0) return std::move(scan).finish();
    scan.take({piece.data(), count});
    offset += static_cast<off_t>(count);
  }
}

}  // namespace warren::client
