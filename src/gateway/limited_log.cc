// SPDX-License-Identifier: Apache-2.0

#include "gateway/limited_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "gateway/line_limit.h"

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
  if (*dropped != 0) fmt::print(stderr, "warren-gateway: {} more lines\n", *dropped);
  std::string text(line);
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  fmt::print(stderr, "warren-gateway: {}\n", text);
}

}  // namespace warren::gateway
