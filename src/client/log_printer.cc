// SPDX-License-Identifier: Apache-2.0

#include "client/log_printer.h"

#include <utility>

#include "os/context.h"

namespace warren::client {
namespace {

constexpr std::size_t kStampedAtATime = 64 << 10;

// What a write to a stream means for its reader.
Result<std::optional<std::uint64_t>> taken(os::KernelResult<std::size_t> written) {
  if (written) return *written;
  if (written.error() == os::Errno{EAGAIN}) return std::nullopt;
  if (written.error() == os::Errno{EPIPE}) die_of_broken_pipe();
  return fail(Errc::kInternal, "writing output: {}", os::message(written.error()));
}

}  // namespace

LogPrinter::LogPrinter(std::unique_ptr<OutputSource> source, const LogOptions& options, int out,
                       int err)
    : source_(std::move(source)), timestamps_(options.timestamps), out_(out), err_(err) {}

Result<LogPrinter::Progress> LogPrinter::pump() {
  source_->look();
  for (;;) {
    if (!WARREN_TRY(flush_stamped())) return Progress::kBlocked;
    if (!segment_) segment_ = WARREN_TRY(source_->next());
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
  const std::optional<std::uint64_t> shown = WARREN_TRY(taken(source_->move(segment, stream)));
  if (!shown) blocked_fd_ = stream.fd();
  return shown;
}

Result<std::uint64_t> LogPrinter::stamp(const LogSegment& segment) {
  const std::string bytes = WARREN_TRY(source_->read(segment, kStampedAtATime));
  bool& inside_line = inside_line_[std::to_underlying(segment.stream)];
  const std::string prefix = to_rfc3339(segment.time) + ' ';
  for (const char byte : bytes) {
    if (!inside_line) stamped_ += prefix;
    stamped_ += byte;
    inside_line = byte != '\n';
  }
  stamped_stream_ = segment.stream;
  return bytes.size();
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
