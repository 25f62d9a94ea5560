// SPDX-License-Identifier: Apache-2.0

#include "client/log_printer.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "os/call.h"
#include "os/context.h"

namespace warren::client {
namespace {

constexpr std::size_t kStampedAtATime = 64 << 10;

// Lets the next change make the watch readable again.
void drain(int watch) {
  epoll_event event;
  std::ignore = os::call([&] { return ::epoll_wait(watch, &event, 1, 0); });
}

// What a write to a stream means for its reader.
Result<std::optional<std::uint64_t>> taken(os::KernelResult<std::size_t> written) {
  if (written) return *written;
  if (written.error() == os::Errno{EAGAIN}) return std::nullopt;
  if (written.error() == os::Errno{EPIPE}) die_of_broken_pipe();
  return fail(Errc::kInternal, "writing output: {}", os::message(written.error()));
}

}  // namespace

LogPrinter::LogPrinter(LogFiles files, const LogOptions& options, int out, int err)
    : files_(std::move(files)),
      timestamps_(options.timestamps),
      cursor_(files_, options),
      out_(out),
      err_(err) {}

// Not inotify: closing one waits for a grace period of the kernel, 10 to 25 ms at each end of a
// command.
Result<> LogPrinter::watch() {
  if (!files_.event) return {};
  watch_ = WARREN_TRY(os::context(os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); }),
                                  "watching a log"));
  // By edges: it stays ready after the first growth, and each one more is an edge.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {}};
  return os::context(os::call([&] {
                       return ::epoll_ctl(watch_.get(), EPOLL_CTL_ADD, files_.event.get(), &event);
                     }),
                     "watching a log");
}

Result<LogPrinter::Progress> LogPrinter::pump() {
  if (watch_) drain(watch_.get());
  if (!std::exchange(sought_, true)) WARREN_TRY(cursor_.seek_tail());
  for (;;) {
    if (!WARREN_TRY(flush_stamped())) return Progress::kBlocked;
    if (!segment_) segment_ = WARREN_TRY(cursor_.next());
    if (!segment_) return Progress::kCaughtUp;
    const std::optional<std::uint64_t> shown = WARREN_TRY(show(*segment_));
    if (!shown) return Progress::kBlocked;
    segment_->offset += *shown;
    segment_->length -= *shown;
    // A file that ends early has lost what the index says of it: a full disk, or a crash.
    if (*shown == 0 || segment_->length == 0) segment_.reset();
  }
}

Result<std::optional<std::uint64_t>> LogPrinter::show(const LogSegment& segment) {
  if (timestamps_) return WARREN_TRY(stamp(segment));
  const OutputStream& stream = stream_of(segment.stream);
  const std::optional<std::uint64_t> shown = WARREN_TRY(
      taken(stream.move_from(files_.of(segment.stream), segment.offset, segment.length)));
  if (!shown) blocked_fd_ = stream.fd();
  return shown;
}

Result<std::uint64_t> LogPrinter::stamp(const LogSegment& segment) {
  std::string bytes(std::min<std::uint64_t>(segment.length, kStampedAtATime), '\0');
  const std::size_t count =
      WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                               return ::pread(files_.of(segment.stream), bytes.data(), bytes.size(),
                                              static_cast<off_t>(segment.offset));
                             }),
                             "reading the log"));
  bool& inside_line = inside_line_[std::to_underlying(segment.stream)];
  const std::string prefix = to_rfc3339(segment.time) + ' ';
  for (const char byte : std::string_view(bytes).substr(0, count)) {
    if (!inside_line) stamped_ += prefix;
    stamped_ += byte;
    inside_line = byte != '\n';
  }
  stamped_stream_ = segment.stream;
  return count;
}

Result<bool> LogPrinter::flush_stamped() {
  const OutputStream& stream = stream_of(stamped_stream_);
  while (!stamped_.empty()) {
    const std::optional<std::uint64_t> written = WARREN_TRY(taken(stream.write(stamped_)));
    if (!written) {
      blocked_fd_ = stream.fd();
      return false;
    }
    stamped_.erase(0, *written);
  }
  return true;
}

OutputStream& LogPrinter::stream_of(LogStream stream) noexcept {
  return stream == LogStream::kStdout ? out_ : err_;
}

}  // namespace warren::client
