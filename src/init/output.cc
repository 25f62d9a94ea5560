// SPDX-License-Identifier: Apache-2.0

#include "init/output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <tuple>

#include "os/call.h"
#include "os/file.h"

namespace warren::init {
namespace {

// As large as the pipe, so that one read empties it. Init reads one pipe at a time.
constexpr std::size_t kChunk = 256 * 1024;
std::byte buffer[kChunk];

constexpr std::string_view kGapMarker =
    "\n[warren: output is missing here, it could not be written]\n";

std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Bytes in a pipe at this moment; 0 for one that is closed.
std::size_t waiting_in(int pipe) noexcept {
  int bytes = 0;
  const auto known = os::call([&] { return ::ioctl(pipe, FIONREAD, &bytes); });
  return known ? static_cast<std::size_t>(bytes) : 0;
}

// fallocate(2): whether the disk takes so many bytes more. A file system that cannot tell lets the
// write decide.
bool has_room(const Stream& stream, std::size_t bytes) noexcept {
  const auto offset = static_cast<off_t>(stream.size);
  const auto length = static_cast<off_t>(bytes);
  const auto reserved =
      os::call([&] { return ::fallocate(stream.file.get(), FALLOC_FL_KEEP_SIZE, offset, length); });
  return reserved || (reserved.error().value != ENOSPC && reserved.error().value != EDQUOT);
}

}  // namespace

std::uint64_t wall_clock() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

void Output::open(os::UniqueFd index, os::UniqueFd event, std::uint64_t limit) noexcept {
  index_ = static_cast<os::UniqueFd&&>(index);
  event_ = static_cast<os::UniqueFd&&>(event);
  limit_ = limit;
}

std::size_t Output::move_chunk(Stream& stream) noexcept {
  if (!stream.pipe) return 0;
  const auto count = os::read_some(stream.pipe.get(), buffer);
  if (!count) {
    // Anything but "nothing there yet" cannot be mended by another read.
    stream.ended = count.error().value != EAGAIN;
    return 0;
  }
  if (*count == 0) {
    stream.ended = true;
    return 0;
  }
  keep(stream, std::span(buffer).first(*count));
  wake_followers();
  return *count;
}

void Output::finish() noexcept {
  for (Stream& stream : streams_) {
    // What comes after this moment is not counted, so a writer that never stops cannot keep init
    // here. A chunk can be as small as a byte: the command may have set its pipe to packets.
    for (std::size_t left = waiting_in(stream.pipe.get()); left > 0;) {
      const std::size_t moved = move_chunk(stream);
      if (moved == 0) break;
      left -= moved < left ? moved : left;
    }
    if (stream.missing > 0) mark_gap(stream);
    if (stream.refused > 0) record_refused(stream);
  }
}

// Followers wait for edges: each write wakes all of them, and nobody has to read. Only init and the
// engine hold the eventfd itself, so that nobody can fill its counter or make a write to it wait.
void Output::wake_followers() noexcept {
  constexpr std::uint64_t kOne = 1;
  std::ignore = os::write_some(event_.get(), std::as_bytes(std::span(&kOne, 1)));
}

std::uint64_t Output::room() const noexcept {
  if (limit_ == 0) return UINT64_MAX;
  return limit_ > kept_ ? limit_ - kept_ : 0;
}

void Output::keep(Stream& stream, std::span<const std::byte> bytes) noexcept {
  const std::uint64_t room_left = room();
  const std::size_t wanted = bytes.size() < room_left ? bytes.size() : room_left;
  // Once for a gap: not before what follows it fits as well.
  if (wanted > 0 && stream.missing > 0 && has_room(stream, kGapMarker.size() + wanted)) {
    mark_gap(stream);
  }
  // While a gap cannot be marked, nothing behind it is kept: the order of the output stays true.
  const std::size_t written =
      stream.missing > 0 ? 0 : append(stream, bytes.first(wanted), LogRecordKind::kData);
  kept_ += written;
  if (written < bytes.size()) lose(stream, bytes.size() - written);
}

void Output::lose(Stream& stream, std::uint64_t bytes) noexcept {
  lost_ += bytes;
  if (room() > 0) {
    stream.missing += bytes;
    return;
  }
  if (!limit_marked_) {
    limit_marked_ = true;
    // A marker that does not fit on a full disk is missed by nobody: the count says it all.
    std::ignore = append(stream, bytes_of(kLimitMarker), LogRecordKind::kMarker);
  }
  // No record for each: the index would grow for as long as the command writes.
  stream.refused += bytes;
}

void Output::record_refused(Stream& stream) noexcept {
  add_record(stream, stream.size, stream.refused, LogRecordKind::kLost);
  stream.refused = 0;
}

void Output::mark_gap(Stream& stream) noexcept {
  const auto marker = bytes_of(kGapMarker);
  if (append(stream, marker, LogRecordKind::kMarker) != marker.size()) return;
  add_record(stream, stream.size, stream.missing, LogRecordKind::kLost);
  stream.missing = 0;
}

std::size_t Output::append(Stream& stream, std::span<const std::byte> bytes,
                           LogRecordKind kind) noexcept {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const auto count =
        os::write_at(stream.file.get(), bytes.subspan(written), stream.size + written);
    if (!count || *count == 0) break;
    written += *count;
  }
  if (written == 0) return 0;
  add_record(stream, stream.size, written, kind);
  stream.size += written;
  return written;
}

void Output::add_record(const Stream& stream, std::uint64_t offset, std::uint64_t length,
                        LogRecordKind kind) noexcept {
  constexpr std::uint64_t kMostInRecord = UINT32_MAX;
  const std::uint64_t now = wall_clock();
  while (length > 0) {
    const std::uint64_t part = length < kMostInRecord ? length : kMostInRecord;
    const LogRecord record = sealed({.offset = offset,
                                     .microseconds = now,
                                     .length = static_cast<std::uint32_t>(part),
                                     .stream = stream.name,
                                     .kind = kind});
    // One that cannot be written leaves bytes without a time; readers take them from the file.
    std::ignore = os::write_some(index_.get(), std::as_bytes(std::span(&record, 1)));
    kept_ += sizeof record;
    length -= part;
    if (kind != LogRecordKind::kLost) offset += part;
  }
}

}  // namespace warren::init
