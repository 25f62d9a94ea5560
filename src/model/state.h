// SPDX-License-Identifier: Apache-2.0
//
// The life of sandboxes, processes and scopes as one table. docs/design/states.md draws the same
// table, and a test compares them.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace warren::model {

enum class Kind : std::uint8_t { kSandbox, kProcess, kScope };

enum class State : std::uint8_t {
  kCreated,    // Sandboxes and scopes: its row exists, nothing has been made.
  kScheduled,  // Processes: waits for a time.
  kQueued,     // Processes: waits for a slot or for resources.
  kStarting,
  kReady,    // Sandboxes: processes can be started in it.
  kRunning,  // Processes and scopes.
  kPaused,
  kStopping,   // Told to end; something of it is still alive.
  kCompleted,  // Final from here on. Exit status 0.
  kFailed,
  kStopped,    // By a user or, for a sandbox, because its work is done.
  kCancelled,  // By the tree; a sandbox is kStopped then.
  kLost,       // Its init or its machine died.
};

enum class Event : std::uint8_t {
  kQueue,    // The time has come.
  kAdmit,    // A slot and the resources are there; making it begins.
  kStarted,  // The command runs, or the sandbox is ready.
  kStartFailed,
  kPause,
  kResume,
  kStop,    // Asked to end by a user.
  kCancel,  // Asked to end by the tree.
  kExpire,  // Its time-out passed.
  kExitedZero,
  kExitedOther,   // Another status, a signal, out of memory.
  kEndedStopped,  // The last of it is gone after kStop.
  kEndedCancelled,
  kEndedExpired,
  kLose,
};

struct Transition {
  Kind kind;
  State from;
  Event on;
  State to;
};

// Defined in state.cc: the whole life of every kind.
[[nodiscard]] std::span<const Transition> transitions() noexcept;

// The state after `event`, or nothing when `event` cannot happen to a `kind` in `state`.
[[nodiscard]] std::optional<State> next(Kind kind, State state, Event event) noexcept;

[[nodiscard]] bool is_final(State state) noexcept;

[[nodiscard]] std::string_view to_text(State state) noexcept;  // "RUNNING"
[[nodiscard]] Result<State> parse_state(std::string_view text);
[[nodiscard]] std::string_view to_text(Kind kind) noexcept;  // "process"
[[nodiscard]] Result<Kind> parse_kind(std::string_view text);
[[nodiscard]] std::string_view to_text(Event event) noexcept;  // "exited-zero"

}  // namespace warren::model
