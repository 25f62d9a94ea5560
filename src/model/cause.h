// SPDX-License-Identifier: Apache-2.0
//
// Why something ended. Everything that has ended has exactly one cause.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::model {

struct Cause {
  enum class Type : std::uint8_t {
    kNone,         // Still alive.
    kExited,       // exited(code)
    kSignaled,     // signaled(number)
    kOom,          // oom
    kTimeout,      // timeout
    kDiskQuota,    // disk-quota
    kStoppedBy,    // stopped-by(user)
    kCancelledBy,  // cancelled-by(node)
    kStartFailed,  // start-failed(stage)
    kInitLost,     // init-lost
    kMachineLost,  // machine-lost
  };

  Type type = Type::kNone;
  std::int32_t number = 0;  // Of kExited and kSignaled.
  std::string subject;      // Of kStoppedBy, kCancelledBy and kStartFailed.

  friend bool operator==(const Cause&, const Cause&) = default;
};

[[nodiscard]] std::string to_text(const Cause& cause);  // "exited(7)", "oom", "" for kNone
[[nodiscard]] Result<Cause> parse_cause(std::string_view text);

// Stands for a wait status where the command has never run, or nobody knows how it ended.
inline constexpr std::int32_t kNeverRan = -1;

// The status that a shell would see: the code, 128 + n for a signal, 124 for a time-out, 137 for
// out of memory, 125 where the command could not be started or its end is unknown. `raw` is what
// the command itself ended with (a wait status as of waitpid(2), or kNeverRan); it decides for
// causes that say nothing of it, and tells 126 and 127 from other failures to start.
[[nodiscard]] std::int32_t exit_status(const Cause& cause, std::int32_t raw) noexcept;

}  // namespace warren::model
