// SPDX-License-Identifier: Apache-2.0

#include "provider/local/pipe_drain.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

#include "os/file.h"

namespace warren::provider {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;

std::uint64_t microseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

class Drain {
 public:
  Drain(const DrainTarget& target, std::uint64_t size) : target_(target), size_(size) {}

  void take(std::span<const std::byte> bytes) {
    std::size_t kept = 0;
    while (lost_ == 0 && kept < bytes.size()) {
      const auto count = os::write_at(target_.file, bytes.subspan(kept), size_ + kept);
      if (!count || *count == 0) break;
      kept += *count;
    }
    if (kept > 0) add_record(kept, LogRecordKind::kData);
    size_ += kept;
    lost_ += bytes.size() - kept;
  }

  Drained finish() {
    if (lost_ > 0) add_record(lost_, LogRecordKind::kLost);
    return {.size = Bytes{size_}, .lost = Bytes{lost_}};
  }

 private:
  void add_record(std::uint64_t length, LogRecordKind kind) const {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const LogRecord record = sealed({.offset = size_,
                                     .microseconds = microseconds_now(),
                                     .length = static_cast<std::uint32_t>(std::min(length, kMost)),
                                     .stream = target_.stream,
                                     .kind = kind});
    // Without its index the output itself is still there.
    std::ignore = os::write_some(target_.index, std::as_bytes(std::span(&record, 1)));
  }

  const DrainTarget& target_;
  std::uint64_t size_;
  std::uint64_t lost_ = 0;
};

}  // namespace

Drained drain_pipe(int pipe, const DrainTarget& target) {
  struct stat status {};
  if (::fstat(target.file, &status) != 0) return {};
  Drain drain(target, static_cast<std::uint64_t>(status.st_size));
  std::vector<std::byte> buffer(kBufferBytes);
  for (;;) {
    const auto count = os::read_some(pipe, buffer);
    if (!count || *count == 0) return drain.finish();
    drain.take(std::span(buffer).first(*count));
  }
}

}  // namespace warren::provider
