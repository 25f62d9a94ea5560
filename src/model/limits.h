// SPDX-License-Identifier: Apache-2.0
//
// What a sandbox may use at most. An absent value means no limit of its own: the parent's holds.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "base/size.h"

namespace warren::model {

// A set of logical processors, sorted and without repetitions.
struct CoreSet {
  std::vector<std::uint32_t> cores;
  friend bool operator==(const CoreSet&, const CoreSet&) = default;
};

// Reads "0-3", "1,3,5", "0-1,4-5". An empty text is an empty set, which restricts nothing. Fails on
// a reversed range, a core at or above `available`, and anything else that is not a list.
[[nodiscard]] Result<CoreSet> parse_cores(std::string_view text, std::uint32_t available);
[[nodiscard]] std::string to_text(const CoreSet& cores);  // "0-3,5"

// Bandwidth classes for reads and writes each: 1 MiB/s, 10 MiB/s, unlimited.
enum class IoClass : std::uint8_t { kLow, kMedium, kHigh };
[[nodiscard]] Result<IoClass> parse_io_class(std::string_view text);  // "low", "med", "high"
[[nodiscard]] std::string_view to_text(IoClass io_class) noexcept;
[[nodiscard]] std::optional<Bytes> bytes_per_second(IoClass io_class) noexcept;

struct Limits {
  // Of one core, summed over all: 50 is half a core. >= 1.
  std::optional<std::uint32_t> cpu_percent = std::nullopt;
  CoreSet cores = {};                          // Empty: every core of the parent.
  std::optional<Bytes> memory = std::nullopt;  // Anonymous memory and page cache together.
  std::optional<Bytes> swap = std::nullopt;    // Beyond `memory`. Absent with `memory` set: none.
  std::optional<std::uint64_t> pids = std::nullopt;   // Threads count too. >= 1.
  std::optional<Bytes> io_per_second = std::nullopt;  // Reads and writes each.
  std::optional<IoClass> io_class = std::nullopt;     // `io_per_second` wins where both are given.
  bool io_direct_only = false;               // The caller accepts that v1 spares buffered writes.
  std::optional<Bytes> disk = std::nullopt;  // Writable layer.
  std::optional<Bytes> log = std::nullopt;   // Kept output, both streams together.
  std::optional<Duration> timeout = std::nullopt;  // Wall clock, from the start of the command.
  friend bool operator==(const Limits&, const Limits&) = default;
};

// The bandwidth that `limits` asks for, whichever way it was said.
[[nodiscard]] std::optional<Bytes> io_bandwidth(const Limits& limits) noexcept;

// Checks each value by itself: ranges of the kernel and of common sense.
[[nodiscard]] Result<> validate(const Limits& limits);

// Narrows `child` so that no value exceeds the one of `parent`; a value only the parent has is
// taken over. A child whose cores all lie outside its parent's gets the parent's. The log and the
// disk belong to one sandbox alone and are not inherited.
[[nodiscard]] Limits narrow(const Limits& parent, const Limits& child);

}  // namespace warren::model
