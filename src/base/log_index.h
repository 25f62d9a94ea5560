// SPDX-License-Identifier: Apache-2.0
//
// The index beside a process's stdout.log and stderr.log: 32-byte little-endian records in the
// order in which the output was read from the process. Written by warren-init, read by clients.
// Needs no runtime library.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "base/crc32c.h"

namespace warren {

enum class LogStream : std::uint8_t { kStdout = 1, kStderr = 2 };

enum class LogRecordKind : std::uint8_t {
  kData = 0,    // `length` bytes at `offset` of the stream's file came from the process.
  kMarker = 1,  // The same, but written by Warren: "output limit reached".
  kLost = 2,    // The process wrote `length` more bytes here that were not kept.
};

// What a reader sees where a command's limit was reached.
inline constexpr std::string_view kLimitMarker =
    "\n[warren: the output limit is reached, nothing more is kept]\n";

struct LogRecord {
  std::uint64_t offset = 0;        // In the stream's file.
  std::uint64_t microseconds = 0;  // Since 1970-01-01T00:00:00Z.
  std::uint32_t length = 0;
  LogStream stream = LogStream::kStdout;
  LogRecordKind kind = LogRecordKind::kData;
  std::uint16_t zero_16 = 0;
  std::uint32_t zero_32 = 0;
  std::uint32_t checksum = 0;  // crc32c of the bytes before it.

  friend constexpr bool operator==(const LogRecord&, const LogRecord&) = default;
};
static_assert(sizeof(LogRecord) == 32 && std::is_trivially_copyable_v<LogRecord>);
static_assert(std::has_unique_object_representations_v<LogRecord>);
static_assert(std::endian::native == std::endian::little, "records are written as they lie");

[[nodiscard]] constexpr std::uint32_t checksum_of(const LogRecord& record) noexcept {
  struct Image {
    std::uint8_t bytes[sizeof(LogRecord)];
  };
  return crc32c(std::bit_cast<Image>(record).bytes, offsetof(LogRecord, checksum));
}

[[nodiscard]] constexpr LogRecord sealed(LogRecord record) noexcept {
  record.checksum = checksum_of(record);
  return record;
}

// Whether a record read from disk is whole and one of this version.
[[nodiscard]] constexpr bool is_valid(const LogRecord& record) noexcept {
  return record.checksum == checksum_of(record) &&
         (record.stream == LogStream::kStdout || record.stream == LogStream::kStderr) &&
         record.kind <= LogRecordKind::kLost;
}

}  // namespace warren
