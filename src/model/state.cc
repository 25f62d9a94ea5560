// SPDX-License-Identifier: Apache-2.0

#include "model/state.h"

#include <algorithm>
#include <array>

#include "base/quote.h"

namespace warren::model {
namespace {

using enum Kind;
using enum State;
using enum Event;

constexpr std::array kTransitions{
    Transition{kProcess, kScheduled, kQueue, kQueued},
    Transition{kProcess, kScheduled, kStop, kStopped},
    Transition{kProcess, kScheduled, kCancel, kCancelled},
    Transition{kProcess, kQueued, kAdmit, kStarting},
    Transition{kProcess, kQueued, kStop, kStopped},
    Transition{kProcess, kQueued, kCancel, kCancelled},
    Transition{kProcess, kStarting, kStarted, kRunning},
    Transition{kProcess, kStarting, kStartFailed, kFailed},
    Transition{kProcess, kStarting, kStop, kStopping},
    Transition{kProcess, kStarting, kCancel, kStopping},
    Transition{kProcess, kStarting, kExpire, kStopping},
    Transition{kProcess, kStarting, kLose, kLost},
    Transition{kProcess, kRunning, kPause, kPaused},
    Transition{kProcess, kRunning, kExitedZero, kCompleted},
    Transition{kProcess, kRunning, kExitedOther, kFailed},
    Transition{kProcess, kRunning, kStop, kStopping},
    Transition{kProcess, kRunning, kCancel, kStopping},
    Transition{kProcess, kRunning, kExpire, kStopping},
    Transition{kProcess, kRunning, kLose, kLost},
    Transition{kProcess, kPaused, kResume, kRunning},
    Transition{kProcess, kPaused, kExitedZero, kCompleted},
    Transition{kProcess, kPaused, kExitedOther, kFailed},
    Transition{kProcess, kPaused, kStop, kStopping},
    Transition{kProcess, kPaused, kCancel, kStopping},
    Transition{kProcess, kPaused, kExpire, kStopping},
    Transition{kProcess, kPaused, kLose, kLost},
    Transition{kProcess, kStopping, kEndedStopped, kStopped},
    Transition{kProcess, kStopping, kEndedCancelled, kCancelled},
    Transition{kProcess, kStopping, kEndedExpired, kFailed},
    Transition{kProcess, kStopping, kLose, kLost},

    Transition{kSandbox, kCreated, kAdmit, kStarting},
    Transition{kSandbox, kCreated, kStop, kStopped},
    Transition{kSandbox, kCreated, kCancel, kStopped},
    Transition{kSandbox, kStarting, kStarted, kReady},
    Transition{kSandbox, kStarting, kStartFailed, kFailed},
    Transition{kSandbox, kStarting, kStop, kStopping},
    Transition{kSandbox, kStarting, kCancel, kStopping},
    Transition{kSandbox, kStarting, kExpire, kStopping},
    Transition{kSandbox, kStarting, kLose, kLost},
    Transition{kSandbox, kReady, kPause, kPaused},
    Transition{kSandbox, kReady, kStop, kStopping},
    Transition{kSandbox, kReady, kCancel, kStopping},
    Transition{kSandbox, kReady, kExpire, kStopping},
    Transition{kSandbox, kReady, kLose, kLost},
    Transition{kSandbox, kPaused, kResume, kReady},
    Transition{kSandbox, kPaused, kStop, kStopping},
    Transition{kSandbox, kPaused, kCancel, kStopping},
    Transition{kSandbox, kPaused, kExpire, kStopping},
    Transition{kSandbox, kPaused, kLose, kLost},
    Transition{kSandbox, kStopping, kEndedStopped, kStopped},
    Transition{kSandbox, kStopping, kEndedCancelled, kStopped},
    Transition{kSandbox, kStopping, kEndedExpired, kFailed},
    Transition{kSandbox, kStopping, kLose, kLost},

    Transition{kScope, kCreated, kAdmit, kRunning},
    Transition{kScope, kCreated, kStop, kStopped},
    Transition{kScope, kCreated, kCancel, kCancelled},
    Transition{kScope, kRunning, kExitedZero, kCompleted},
    Transition{kScope, kRunning, kExitedOther, kFailed},
    Transition{kScope, kRunning, kStop, kStopping},
    Transition{kScope, kRunning, kCancel, kStopping},
    Transition{kScope, kRunning, kExpire, kStopping},
    Transition{kScope, kStopping, kEndedStopped, kStopped},
    Transition{kScope, kStopping, kEndedCancelled, kCancelled},
    Transition{kScope, kStopping, kEndedExpired, kFailed},
};

// State numbers its final states last.
constexpr bool is_final_state(State state) noexcept {
  return state >= kCompleted;
}

constexpr bool leaves_no_final_state() {
  return std::ranges::none_of(kTransitions, is_final_state, &Transition::from);
}
static_assert(leaves_no_final_state(), "a final state is never overwritten");

constexpr bool is_deterministic() {
  for (const Transition& a : kTransitions) {
    const auto same = std::ranges::count_if(kTransitions, [&](const Transition& b) {
      return a.kind == b.kind && a.from == b.from && a.on == b.on;
    });
    if (same != 1) return false;
  }
  return true;
}
static_assert(is_deterministic(), "an event leads from a state to one state");

template <typename T>
struct Name {
  T value;
  std::string_view text;
};

constexpr std::array kStates{
    Name<State>{kCreated, "CREATED"},     Name<State>{kScheduled, "SCHEDULED"},
    Name<State>{kQueued, "QUEUED"},       Name<State>{kStarting, "STARTING"},
    Name<State>{kReady, "READY"},         Name<State>{kRunning, "RUNNING"},
    Name<State>{kPaused, "PAUSED"},       Name<State>{kStopping, "STOPPING"},
    Name<State>{kCompleted, "COMPLETED"}, Name<State>{kFailed, "FAILED"},
    Name<State>{kStopped, "STOPPED"},     Name<State>{kCancelled, "CANCELLED"},
    Name<State>{kLost, "LOST"},
};

constexpr std::array kKinds{
    Name<Kind>{kSandbox, "sandbox"},
    Name<Kind>{kProcess, "process"},
    Name<Kind>{kScope, "scope"},
};

constexpr std::array kEvents{
    Name<Event>{kQueue, "queue"},
    Name<Event>{kAdmit, "admit"},
    Name<Event>{kStarted, "started"},
    Name<Event>{kStartFailed, "start-failed"},
    Name<Event>{kPause, "pause"},
    Name<Event>{kResume, "resume"},
    Name<Event>{kStop, "stop"},
    Name<Event>{kCancel, "cancel"},
    Name<Event>{kExpire, "expire"},
    Name<Event>{kExitedZero, "exited-zero"},
    Name<Event>{kExitedOther, "exited-other"},
    Name<Event>{kEndedStopped, "ended-stopped"},
    Name<Event>{kEndedCancelled, "ended-cancelled"},
    Name<Event>{kEndedExpired, "ended-expired"},
    Name<Event>{kLose, "lose"},
};

template <typename T, std::size_t N>
std::string_view name_of(const std::array<Name<T>, N>& names, T value) noexcept {
  const auto* const found = std::ranges::find(names, value, &Name<T>::value);
  return found == names.end() ? "" : found->text;
}

template <typename T, std::size_t N>
std::optional<T> find_named(const std::array<Name<T>, N>& names, std::string_view text) noexcept {
  const auto* const found = std::ranges::find(names, text, &Name<T>::text);
  if (found == names.end()) return std::nullopt;
  return found->value;
}

}  // namespace

std::span<const Transition> transitions() noexcept {
  return kTransitions;
}

std::optional<State> next(Kind kind, State state, Event event) noexcept {
  const auto* const found = std::ranges::find_if(kTransitions, [&](const Transition& t) {
    return t.kind == kind && t.from == state && t.on == event;
  });
  if (found == kTransitions.end()) return std::nullopt;
  return found->to;
}

bool is_final(State state) noexcept {
  return is_final_state(state);
}

std::string_view to_text(State state) noexcept {
  return name_of(kStates, state);
}

Result<State> parse_state(std::string_view text) {
  if (const auto state = find_named(kStates, text)) return *state;
  return fail(Errc::kInvalidArgument, "{} is not a state", quote(text));
}

std::string_view to_text(Kind kind) noexcept {
  return name_of(kKinds, kind);
}

Result<Kind> parse_kind(std::string_view text) {
  if (const auto kind = find_named(kKinds, text)) return *kind;
  return fail(Errc::kInvalidArgument, "{} is not a kind of node", quote(text));
}

std::string_view to_text(Event event) noexcept {
  return name_of(kEvents, event);
}

}  // namespace warren::model
