// SPDX-License-Identifier: Apache-2.0
//
// What the log of `jobworker-server` says of a job. Pure. No line of a job's output can be taken
// for one of the server's: each begins with a bar.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/duration.h"
#include "warren/v1/engine.pb.h"

namespace warren::client {

// Of each stream, at most its last bytes are in the log.
inline constexpr std::uint64_t kMostDumped = std::uint64_t{64} << 10;

// A line about the server itself.
[[nodiscard]] std::string note_entry(Timestamp now, std::string_view sentence);

// Once it runs: who it is, where, within which limits, and what the kernel counts of it.
[[nodiscard]] std::string start_entry(Timestamp now, const v1::Node& job);

// Once it has ended: how, and the last count.
[[nodiscard]] std::string end_entry(Timestamp now, const v1::Node& job);

// What the first line of one of the two says.
struct LoggedStep {
  std::string job;
  bool has_ended;
};
// Nothing for any other line.
[[nodiscard]] std::optional<LoggedStep> parse_entry(std::string_view line);

// Bytes of one stream, which are the last of `size`.
struct Dump {
  std::string_view stream;  // "stdout"
  std::string_view bytes;
  std::uint64_t size;
};
[[nodiscard]] std::string dump_entry(const std::string& id, const Dump& dump);

}  // namespace warren::client
