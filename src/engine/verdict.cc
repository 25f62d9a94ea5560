// SPDX-License-Identifier: Apache-2.0

#include "engine/verdict.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

namespace warren::engine {
namespace {

using model::Cause;
using model::Event;
using model::State;

constexpr int kKilledByKernel = 128 + SIGKILL;  // As a shell inside the sandbox reports it.

Cause plain(Cause::Type type) {
  return {type, 0, {}};
}

Event event_for_pending(const Cause& cause) {
  switch (cause.type) {
    case Cause::Type::kTimeout:
      return Event::kEndedExpired;
    case Cause::Type::kCancelledBy:
      return Event::kEndedCancelled;
    default:
      return Event::kEndedStopped;
  }
}

bool is_success(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool looks_killed(int status) {
  return (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
         (WIFEXITED(status) && WEXITSTATUS(status) == kKilledByKernel);
}

Cause cause_of(const provider::Ended& how, int status) {
  if (how.out_of_memory && looks_killed(status)) return plain(Cause::Type::kOom);
  if (how.out_of_disk && !is_success(status)) return plain(Cause::Type::kDiskQuota);
  if (WIFSIGNALED(status)) return {Cause::Type::kSignaled, WTERMSIG(status), {}};
  return {Cause::Type::kExited, WEXITSTATUS(status), {}};
}

Event event_for_failed_start(State state) {
  return state == State::kStarting ? Event::kStartFailed : Event::kExitedOther;
}

Change never_ran(const model::Node& process, const provider::Ended& how) {
  const Cause cause{Cause::Type::kStartFailed, 0, how.failed_stage};
  return {.event = event_for_failed_start(process.state),
          .at = how.at,
          .cause = cause,
          .exit_code = model::exit_status(cause, how.wait_status.value_or(0)),
          .message = how.message};
}

Change as_it_happened(const model::Node& process, const provider::Ended& how) {
  if (!how.failed_stage.empty()) return never_ran(process, how);
  if (!how.wait_status) {
    const Cause lost = plain(Cause::Type::kInitLost);
    return {.event = Event::kLose,
            .at = how.at,
            .cause = lost,
            .exit_code = model::exit_status(lost, SIGKILL),
            .message = how.message};
  }
  Cause cause = cause_of(how, *how.wait_status);
  const std::int32_t code = model::exit_status(cause, *how.wait_status);
  return {.event = is_success(*how.wait_status) ? Event::kExitedZero : Event::kExitedOther,
          .at = how.at,
          .cause = std::move(cause),
          .exit_code = code,
          .message = how.message};
}

// "mount-proc: ..." names its stage; anything else is a failure of the start as a whole.
std::string stage_of(const std::string& message) {
  const std::string word = message.substr(0, message.find(':'));
  const bool is_word = std::ranges::all_of(
      word, [](char letter) { return (letter >= 'a' && letter <= 'z') || letter == '-'; });
  return word.empty() || word.size() == message.size() || !is_word ? "start" : word;
}

}  // namespace

Change judge(const model::Node& process, const provider::Ended& how) {
  Change change;
  if (process.state == State::kStopping) {
    change = {.event = event_for_pending(process.cause),
              .at = how.at,
              .exit_code = model::exit_status(process.cause, how.wait_status.value_or(SIGKILL))};
  } else {
    change = as_it_happened(process, how);
  }
  change.measured = Measured{.usage = how.usage,
                             .stdout_bytes = how.stdout_bytes,
                             .stderr_bytes = how.stderr_bytes,
                             .lost_bytes = how.lost_bytes};
  return change;
}

provider::Ended failed_start(const NodeId& process, const Error& why, Timestamp at) {
  provider::Ended how;
  how.process = process;
  how.at = at;
  how.failed_stage = stage_of(why.message);
  how.message = why.message;
  return how;
}

Change end_unstarted(Event event, Cause cause, Timestamp at) {
  const std::int32_t code = model::exit_status(cause, SIGTERM);
  return {.event = event, .at = at, .cause = std::move(cause), .exit_code = code};
}

}  // namespace warren::engine
