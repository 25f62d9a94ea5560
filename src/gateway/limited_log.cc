// SPDX-License-Identifier: Apache-2.0

#include "gateway/limited_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <span>
#include <string>
#include <tuple>

#include "base/quote.h"
#include "gateway/line_limit.h"
#include "os/file.h"

namespace warren::gateway {
namespace {

// Never destroyed: threads of libraries log as long as the process runs.
struct Log {
  std::mutex mutex;
  LineLimit limit;
};

Log& the_log() {
  static auto* log = new Log;
  return *log;
}

}  // namespace

void log_limited(std::string_view line) {
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  const auto dropped = log.limit.admit(std::chrono::steady_clock::now());
  if (!dropped) return;
  std::string text;
  if (*dropped != 0) text = fmt::format("warren-gateway: {} more lines\n", *dropped);
  text += fmt::format("warren-gateway: {}\n", without_controls(line, ' '));
  // A disk that is full, or a reader that has gone, is not for strangers to end the gateway with.
  std::ignore = os::write_all(STDERR_FILENO, std::as_bytes(std::span(text)));
}

}  // namespace warren::gateway
