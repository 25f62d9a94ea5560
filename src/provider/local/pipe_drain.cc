// SPDX-License-Identifier: Apache-2.0

#include "provider/local/pipe_drain.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "os/call.h"
#include "os/file.h"

namespace warren::provider {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} * 1024;

std::uint64_t microseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

std::uint64_t size_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

// Init writes its marker once, and in that stream nothing follows it.
bool ends_with_marker(int file) {
  const std::uint64_t size = size_of(file);
  std::array<char, kLimitMarker.size()> end{};
  if (size < end.size()) return false;
  const auto offset = static_cast<off_t>(size - end.size());
  const auto count =
      os::call_for<std::size_t>([&] { return ::pread(file, end.data(), end.size(), offset); });
  return count && std::string_view(end.data(), *count) == kLimitMarker;
}

class Drain {
 public:
  Drain(const DrainTarget& target, LogRoom& room)
      : target_(target), room_(room), size_(size_of(target.file)) {}

  void take(std::span<const std::byte> bytes) {
    const std::size_t wanted = lost_ == 0 ? std::min<std::uint64_t>(bytes.size(), room_.bytes) : 0;
    const std::size_t kept = append(bytes.first(wanted), LogRecordKind::kData);
    lost_ += bytes.size() - kept;
  }

  Drained finish() {
    if (lost_ > 0 && room_.bytes == 0 && !std::exchange(room_.is_marked, true)) {
      append(std::as_bytes(std::span(kLimitMarker)), LogRecordKind::kMarker);
    }
    if (lost_ > 0) add_record(lost_, LogRecordKind::kLost);
    return {.size = Bytes{size_}, .lost = Bytes{lost_}};
  }

 private:
  std::size_t append(std::span<const std::byte> bytes, LogRecordKind kind) {
    std::size_t written = 0;
    while (written < bytes.size()) {
      const auto count = os::write_at(target_.file, bytes.subspan(written), size_ + written);
      if (!count || *count == 0) break;
      written += *count;
    }
    if (written > 0) add_record(written, kind);
    use_room(written);
    size_ += written;
    return written;
  }

  void add_record(std::uint64_t length, LogRecordKind kind) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const LogRecord record = sealed({.offset = size_,
                                     .microseconds = microseconds_now(),
                                     .length = static_cast<std::uint32_t>(std::min(length, kMost)),
                                     .stream = target_.stream,
                                     .kind = kind});
    // Without its index the output itself is still there.
    std::ignore = os::write_some(target_.index, std::as_bytes(std::span(&record, 1)));
    use_room(sizeof record);
  }

  void use_room(std::uint64_t bytes) { room_.bytes -= std::min(room_.bytes, bytes); }

  const DrainTarget& target_;
  LogRoom& room_;
  std::uint64_t size_;
  std::uint64_t lost_ = 0;
};

}  // namespace

LogRoom room_in(Bytes limit, const DrainTarget& out, const DrainTarget& err) {
  if (limit.value == 0) return {.bytes = std::numeric_limits<std::uint64_t>::max()};
  const std::uint64_t kept = size_of(out.file) + size_of(err.file) + size_of(out.index);
  return {.bytes = limit.value - std::min(limit.value, kept),
          .is_marked = ends_with_marker(out.file) || ends_with_marker(err.file)};
}

Drained drain_pipe(int pipe, const DrainTarget& target, LogRoom& room) {
  Drain drain(target, room);
  std::vector<std::byte> buffer(kBufferBytes);
  for (;;) {
    const auto count = os::read_some(pipe, buffer);
    if (!count || *count == 0) return drain.finish();
    drain.take(std::span(buffer).first(*count));
  }
}

}  // namespace warren::provider
