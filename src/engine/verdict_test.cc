// SPDX-License-Identifier: Apache-2.0

#include "engine/verdict.h"

#include <gtest/gtest.h>

#include <csignal>

namespace warren::engine {
namespace {

using model::Cause;
using model::Event;
using model::State;
using provider::Ended;

model::Node process(State state, Cause pending = {}) {
  model::Node node;
  node.kind = model::Kind::kProcess;
  node.state = state;
  node.cause = std::move(pending);
  return node;
}

Ended ended(std::optional<int> wait_status) {
  Ended how;
  how.wait_status = wait_status;
  return how;
}

void expect(const Change& change, Event event, const std::string& cause, std::int32_t code) {
  EXPECT_EQ(change.event, event);
  EXPECT_EQ(model::to_text(change.cause), cause);
  EXPECT_EQ(change.exit_code, code);
}

TEST(Judge, TellsExitsAndSignalsApart) {
  const model::Node running = process(State::kRunning);
  expect(judge(running, ended(0)), Event::kExitedZero, "exited(0)", 0);
  expect(judge(running, ended(7 << 8)), Event::kExitedOther, "exited(7)", 7);
  expect(judge(running, ended(SIGSEGV)), Event::kExitedOther, "signaled(11)", 139);
}

TEST(Judge, CallsItOutOfMemoryOnlyWhenTheCommandWasKilled) {
  const model::Node running = process(State::kRunning);
  Ended how = ended(SIGKILL);
  how.out_of_memory = true;
  expect(judge(running, how), Event::kExitedOther, "oom", 137);
  how.wait_status = 137 << 8;
  expect(judge(running, how), Event::kExitedOther, "oom", 137);
  how.wait_status = 3 << 8;
  expect(judge(running, how), Event::kExitedOther, "exited(3)", 3);
  how.wait_status = 0;
  expect(judge(running, how), Event::kExitedZero, "exited(0)", 0);
}

TEST(Judge, BlamesTheDiskOnlyForAFailure) {
  const model::Node running = process(State::kRunning);
  Ended how = ended(1 << 8);
  how.out_of_disk = true;
  expect(judge(running, how), Event::kExitedOther, "disk-quota", 1);
  how.wait_status = 0;
  expect(judge(running, how), Event::kExitedZero, "exited(0)", 0);
}

TEST(Judge, KeepsWhatTheEngineHadDecided) {
  const Ended killed = ended(SIGKILL);
  const Cause stopped{Cause::Type::kStoppedBy, 0, "ann"};
  const Cause expired{Cause::Type::kTimeout, 0, {}};
  const Cause cancelled{Cause::Type::kCancelledBy, 0, "7"};
  const Change stop = judge(process(State::kStopping, stopped), killed);
  EXPECT_EQ(stop.event, Event::kEndedStopped);
  EXPECT_EQ(stop.exit_code, 137);
  const Change expiry = judge(process(State::kStopping, expired), ended(0));
  EXPECT_EQ(expiry.event, Event::kEndedExpired);
  EXPECT_EQ(expiry.exit_code, 124);
  EXPECT_EQ(judge(process(State::kStopping, cancelled), killed).event, Event::kEndedCancelled);
}

TEST(Judge, CallsAnEndWithoutAStatusALostInit) {
  expect(judge(process(State::kRunning), ended(std::nullopt)), Event::kLose, "init-lost", 125);
}

TEST(Judge, TakesTheStatusOfAMissingProgramFromInit) {
  Ended how = ended(127 << 8);
  how.failed_stage = "execute";
  how.message = "execute: /bin/nosuch: No such file or directory";
  const Change change = judge(process(State::kStarting), how);
  expect(change, Event::kStartFailed, "start-failed(execute)", 127);
  EXPECT_EQ(change.message, how.message);
  EXPECT_EQ(judge(process(State::kRunning), how).event, Event::kExitedOther);
}

TEST(Judge, GivesAnyOtherFailedStart125) {
  Ended how = ended(std::nullopt);
  how.failed_stage = "mount-proc";
  expect(judge(process(State::kStarting), how), Event::kStartFailed, "start-failed(mount-proc)",
         125);
}

TEST(FailedStart, TakesTheStageFromTheFirstWord) {
  const auto stage_of = [](std::string message) {
    return failed_start({}, Error{Errc::kInternal, std::move(message)}, {}).failed_stage;
  };
  EXPECT_EQ(stage_of("mount-proc: /proc: Permission denied"), "mount-proc");
  EXPECT_EQ(stage_of("No memory: none"), "start");
  EXPECT_EQ(stage_of("broken"), "start");
}

TEST(Verdict, EveryVerdictIsATransitionOfTheStatesInWhichItCanFall) {
  for (const State state : {State::kStarting, State::kStopping, State::kRunning, State::kPaused}) {
    for (const std::optional<int> status : {std::optional<int>(0), std::optional<int>()}) {
      if (state == State::kStarting && status) continue;  // It has been RUNNING by then.
      const Change change =
          judge(process(state, {Cause::Type::kStoppedBy, 0, "ann"}), ended(status));
      EXPECT_TRUE(model::next(model::Kind::kProcess, state, change.event)) << model::to_text(state);
    }
  }
}

}  // namespace
}  // namespace warren::engine
