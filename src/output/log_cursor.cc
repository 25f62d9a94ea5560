// SPDX-License-Identifier: Apache-2.0

#include "output/log_cursor.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "os/call.h"
#include "os/context.h"

namespace warren::output {
namespace {

// Adjacent records are shown in pieces of at most about this size.
constexpr std::uint64_t kLargestSegment = 1 << 20;

Result<std::uint64_t> file_size(int fd) {
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(fd, &status); }), "reading the log"));
  return static_cast<std::uint64_t>(status.st_size);
}

Timestamp time_of(const LogRecord& record) {
  return Timestamp(std::chrono::microseconds(record.microseconds));
}

}  // namespace

Result<> LogCursor::seek_tail() {
  if (!options_.tail) return {};
  const std::uint64_t count = WARREN_TRY(file_size(files_.index.get())) / sizeof(LogRecord);
  for (const LogStream stream : {LogStream::kStdout, LogStream::kStderr}) {
    covered_[std::to_underlying(stream)] = WARREN_TRY(size_of(stream));
  }
  record_ = count;
  TailScan scan{.lines = *options_.tail};
  while (scan.lines > 0 && record_ > 0) {
    const std::optional<LogRecord> record = WARREN_TRY(read_record(record_ - 1));
    --record_;
    if (!record || record->kind == LogRecordKind::kLost || !is_wanted(*record)) continue;
    const std::optional<std::uint64_t> before = WARREN_TRY(find_lines(*record, scan));
    if (!before) continue;
    skip_ = *before + options_.offset;
    break;
  }
  return {};
}

Result<std::uint64_t> LogCursor::offset_of_start() const {
  std::array<LogRecord, 1024> records;
  std::uint64_t offset = skip_;
  for (std::uint64_t first = 0; first < record_;) {
    const std::size_t most = std::min<std::uint64_t>(records.size(), record_ - first);
    const auto bytes = std::as_writable_bytes(std::span(records)).first(most * sizeof(LogRecord));
    const std::size_t count =
        WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                                 return ::pread(files_.index.get(), bytes.data(), bytes.size(),
                                                static_cast<off_t>(first * sizeof(LogRecord)));
                               }),
                               "reading the log's index"));
    const std::size_t read = count / sizeof(LogRecord);
    if (read == 0) break;
    for (const LogRecord& record : std::span(records).first(read)) {
      if (record.kind != LogRecordKind::kLost && is_wanted(record)) offset += record.length;
    }
    first += read;
  }
  return offset;
}

Result<std::optional<std::uint64_t>> LogCursor::find_lines(const LogRecord& record,
                                                           TailScan& scan) const {
  std::array<char, 65536> bytes;
  std::uint64_t end = record.length;
  while (end > 0) {
    const std::uint64_t begin = end > bytes.size() ? end - bytes.size() : 0;
    const std::size_t count =
        WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                                 return ::pread(files_.of(record.stream), bytes.data(), end - begin,
                                                static_cast<off_t>(record.offset + begin));
                               }),
                               "reading the log"));
    for (std::size_t i = count; i-- > 0;) {
      const bool is_last = !std::exchange(scan.seen_last_byte, true);
      if (bytes[i] == '\n' && !is_last && --scan.lines == 0) return begin + i + 1;
    }
    end = begin;
  }
  return std::nullopt;
}

Result<std::optional<LogSegment>> LogCursor::next() {
  for (;;) {
    const std::optional<LogRecord> record = WARREN_TRY(read_record(record_));
    if (!record) {
      if (finished_) return next_uncovered();
      return std::nullopt;
    }
    ++record_;
    if (record->kind == LogRecordKind::kLost) {
      lost_bytes_ += record->length;
      continue;
    }
    cover(*record);
    last_time_ = time_of(*record);
    if (!is_wanted(*record)) continue;
    LogSegment segment{.stream = record->stream,
                       .offset = record->offset,
                       .length = record->length,
                       .time = time_of(*record)};
    if (!options_.timestamps) WARREN_TRY(extend(segment));
    if (trim(segment)) return segment;
  }
}

Result<> LogCursor::extend(LogSegment& segment) {
  while (segment.length < kLargestSegment) {
    const std::optional<LogRecord> record = WARREN_TRY(read_record(record_));
    if (!record || record->kind == LogRecordKind::kLost || record->stream != segment.stream ||
        record->offset != segment.offset + segment.length) {
      break;
    }
    ++record_;
    cover(*record);
    segment.length += record->length;
  }
  return {};
}

Result<std::optional<LogSegment>> LogCursor::next_uncovered() {
  for (const LogStream stream : {LogStream::kStdout, LogStream::kStderr}) {
    const std::uint64_t size = WARREN_TRY(size_of(stream));
    std::uint64_t& covered = covered_[std::to_underlying(stream)];
    if (covered >= size) continue;
    LogSegment segment{
        .stream = stream, .offset = covered, .length = size - covered, .time = last_time_};
    covered = size;
    const bool wanted = stream == LogStream::kStdout ? options_.out : options_.err;
    if (wanted && trim(segment)) return segment;
  }
  return std::nullopt;
}

Result<std::optional<LogRecord>> LogCursor::read_record(std::uint64_t number) const {
  LogRecord record;
  const std::size_t count =
      WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                               return ::pread(files_.index.get(), &record, sizeof record,
                                              static_cast<off_t>(number * sizeof record));
                             }),
                             "reading the log's index"));
  if (count != sizeof record || !is_valid(record)) return std::nullopt;
  return record;
}

Result<std::uint64_t> LogCursor::size_of(LogStream stream) const {
  return file_size(files_.of(stream));
}

bool LogCursor::is_wanted(const LogRecord& record) const noexcept {
  if (options_.since && time_of(record) < *options_.since) return false;
  return record.stream == LogStream::kStdout ? options_.out : options_.err;
}

void LogCursor::cover(const LogRecord& record) noexcept {
  std::uint64_t& covered = covered_[std::to_underlying(record.stream)];
  covered = std::max(covered, record.offset + record.length);
}

bool LogCursor::trim(LogSegment& segment) noexcept {
  const std::uint64_t skipped = std::min(skip_, segment.length);
  skip_ -= skipped;
  segment.offset += skipped;
  segment.length -= skipped;
  return segment.length > 0;
}

}  // namespace warren::output
