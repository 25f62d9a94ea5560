// SPDX-License-Identifier: Apache-2.0

#include "model/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace warren::model {
namespace {

using enum Kind;
using enum State;
using enum Event;

constexpr auto kLastState = std::to_underlying(kLost);
constexpr auto kLastEvent = std::to_underlying(kLose);

std::vector<State> every_state() {
  std::vector<State> states;
  for (int i = 0; i <= kLastState; ++i) states.push_back(static_cast<State>(i));
  return states;
}

std::vector<Event> every_event() {
  std::vector<Event> events;
  for (int i = 0; i <= kLastEvent; ++i) events.push_back(static_cast<Event>(i));
  return events;
}

std::set<State> states_of(Kind kind) {
  std::set<State> states;
  for (const Transition& t : transitions()) {
    if (t.kind == kind) states.insert({t.from, t.to});
  }
  return states;
}

std::optional<State> when(bool holds, State to) {
  return holds ? std::optional(to) : std::nullopt;
}

// What a reader of the design expects, said by rules rather than by rows.
std::optional<State> expected(Kind kind, State state, Event event) {
  const bool made = state == kStarting || state == kRunning || state == kReady || state == kPaused;
  const bool waits = state == kCreated || state == kScheduled || state == kQueued;
  const bool can_exit = kind != kSandbox && made && state != kStarting;
  const State cancelled = kind == kSandbox ? kStopped : kCancelled;
  const State at_work = kind == kSandbox ? kReady : kRunning;
  switch (event) {
    case kQueue:
      return when(state == kScheduled, kQueued);
    case kAdmit:
      return when(state == kCreated || state == kQueued, kind == kScope ? kRunning : kStarting);
    case kStarted:
      return when(state == kStarting, at_work);
    case kStartFailed:
      return when(state == kStarting, kFailed);
    case kPause:
      return when(kind != kScope && state == at_work, kPaused);
    case kResume:
      return when(state == kPaused, at_work);
    case kStop:
      return waits ? kStopped : when(made, kStopping);
    case kCancel:
      return waits ? cancelled : when(made, kStopping);
    case kExpire:
      return when(made, kStopping);
    case kExitedZero:
      return when(can_exit, kCompleted);
    case kExitedOther:
      return when(can_exit, kFailed);
    case kEndedStopped:
      return when(state == kStopping, kStopped);
    case kEndedCancelled:
      return when(state == kStopping, cancelled);
    case kEndedExpired:
      return when(state == kStopping, kFailed);
    case kLose:
      return when(kind != kScope && (made || state == kStopping), kLost);
  }
  return std::nullopt;
}

TEST(Next, FollowsTheRulesInEveryStateUnderEveryEvent) {
  for (const Kind kind : {kProcess, kSandbox, kScope}) {
    const std::set<State> own = states_of(kind);
    for (const State state : every_state()) {
      for (const Event event : every_event()) {
        const auto wanted = own.contains(state) ? expected(kind, state, event) : std::nullopt;
        EXPECT_EQ(next(kind, state, event), wanted)
            << to_text(kind) << " " << to_text(state) << " " << to_text(event);
      }
    }
  }
}

TEST(Next, KnowsTheStatesOfEachKind) {
  EXPECT_EQ(states_of(kProcess),
            (std::set{kScheduled, kQueued, kStarting, kRunning, kPaused, kStopping, kCompleted,
                      kFailed, kStopped, kCancelled, kLost}));
  EXPECT_EQ(states_of(kSandbox),
            (std::set{kCreated, kStarting, kReady, kPaused, kStopping, kFailed, kStopped, kLost}));
  EXPECT_EQ(states_of(kScope),
            (std::set{kCreated, kRunning, kStopping, kCompleted, kFailed, kStopped, kCancelled}));
}

TEST(Next, NeverLeavesAFinalState) {
  for (const Transition& t : transitions()) EXPECT_FALSE(is_final(t.from)) << to_text(t.from);
}

// Grows the set of states that can reach a final one until nothing more joins it.
std::set<State> states_that_can_end(Kind kind) {
  std::set<State> ending;
  for (const State state : states_of(kind)) {
    if (is_final(state)) ending.insert(state);
  }
  for (std::size_t before = 0; before != ending.size();) {
    before = ending.size();
    for (const Transition& t : transitions()) {
      if (t.kind == kind && ending.contains(t.to)) ending.insert(t.from);
    }
  }
  return ending;
}

TEST(Next, CanReachAnEndFromEveryState) {
  for (const Kind kind : {kProcess, kSandbox, kScope}) {
    EXPECT_EQ(states_that_can_end(kind), states_of(kind)) << to_text(kind);
  }
}

TEST(IsFinal, HoldsForTheFiveEndsAlone) {
  const std::set ends{kCompleted, kFailed, kStopped, kCancelled, kLost};
  for (const State state : every_state()) EXPECT_EQ(is_final(state), ends.contains(state));
}

TEST(StateText, IsUniqueAndReadBack) {
  std::set<std::string_view> texts;
  for (const State state : every_state()) {
    EXPECT_EQ(parse_state(to_text(state)), state);
    texts.insert(to_text(state));
  }
  EXPECT_EQ(texts.size(), every_state().size());
  EXPECT_FALSE(texts.contains(""));
  for (const std::string_view text : {"", "running", "RUNNING ", "INITIALIZING"}) {
    EXPECT_FALSE(parse_state(text)) << text;
  }
}

TEST(KindText, IsReadBack) {
  for (const Kind kind : {kProcess, kSandbox, kScope}) EXPECT_EQ(parse_kind(to_text(kind)), kind);
  for (const std::string_view text : {"", "Process", "job", "node"}) {
    EXPECT_FALSE(parse_kind(text)) << text;
  }
}

TEST(EventText, IsUnique) {
  std::set<std::string_view> texts;
  for (const Event event : every_event()) texts.insert(to_text(event));
  EXPECT_EQ(texts.size(), every_event().size());
  EXPECT_FALSE(texts.contains(""));
}

using Row = std::vector<std::string>;  // kind, state, event, next state

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" `");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" `") - first + 1));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, separator)) {
    parts.push_back(trimmed(std::string_view(part.begin(), part.end())));
  }
  return parts;
}

// The transitions that the document lists; a cell with commas stands for one row of each.
std::multiset<Row> documented_rows() {
  std::ifstream document(WARREN_SOURCE_DIR "/docs/design/states.md");
  std::multiset<Row> rows;
  for (std::string line; std::getline(document, line);) {
    const std::vector<std::string> cells = split(line, '|');  // Empty before and behind.
    if (cells.size() != 6 || !parse_kind(cells[1])) continue;
    for (const std::string& from : split(cells[2], ',')) {
      for (const std::string& event : split(cells[3], ',')) {
        rows.insert({cells[1], from, event, cells[4]});
      }
    }
  }
  return rows;
}

TEST(StatesDocument, ListsExactlyTheTransitions) {
  std::multiset<Row> rows;
  for (const Transition& t : transitions()) {
    rows.insert({std::string(to_text(t.kind)), std::string(to_text(t.from)),
                 std::string(to_text(t.on)), std::string(to_text(t.to))});
  }
  EXPECT_THAT(documented_rows(), testing::ContainerEq(rows));
}

}  // namespace
}  // namespace warren::model
