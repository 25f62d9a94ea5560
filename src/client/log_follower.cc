// SPDX-License-Identifier: Apache-2.0

#include "client/log_follower.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "client/file_output.h"

namespace warren::client {

Result<> LogFollower::show() {
  channel_ = WARREN_TRY(connect(engine_, Startup::kIfAbsent));
  WARREN_TRY(open());
  for (;;) {
    WARREN_TRY(show_output());
    if (finished_ && !blocked_) return {};
    WARREN_TRY(turn());
  }
}

Result<> LogFollower::open() {
  v1::LogRequest request;
  request.set_node(node_);
  request.set_follow(follow_ == Follow::kYes);
  if (is_elsewhere(engine_)) {
    *request.mutable_remote()->mutable_replay() =
        pieces_ == nullptr ? replay_of(options_) : pieces_->rest_of(options_);
  }
  call_ = WARREN_TRY(channel_->open(wire::kLog, request));
  return {};
}

Result<> LogFollower::turn() {
  std::array<pollfd, 2> waits;
  waits.fill({.fd = -1, .events = POLLIN, .revents = 0});
  if (channel_ && !finished_ && !must_wait()) waits[0].fd = channel_->fd();
  if (printer_) {
    waits[1].fd = blocked_ ? printer_->blocked_fd() : printer_->watch_fd();
    waits[1].events = blocked_ ? POLLOUT : POLLIN;
  }
  ::poll(waits.data(), waits.size(), timeout());
  if (finished_) return {};
  if (blocked_) WARREN_TRY(show_output());
  WARREN_TRY(take_events());
  return try_to_reach_engine();
}

int LogFollower::timeout() const {
  if (finished_) return -1;
  if (backoff_) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(backoff_->next() - Backoff::Clock::now());
    return static_cast<int>(std::max(left.count(), decltype(left)::rep{0}));
  }
  return -1;
}

Result<> LogFollower::take_events() {
  while (channel_ && !finished_ && !must_wait()) {
    auto event = channel_->poll();
    if (!event) {
      lose_engine();
    } else if (!*event) {
      return {};
    } else if ((*event)->end) {
      WARREN_TRY(take_end(*(*event)->end));
    } else {
      WARREN_TRY(take_message(**std::move(event)));
    }
  }
  return {};
}

Result<> LogFollower::take_message(wire::CallEvent event) {
  v1::LogEvent change;
  if (!change.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  if (change.opened() || change.ended()) lost_bytes_ = change.lost_bytes();
  if (!printer_) WARREN_TRY(begin_to_show(std::move(event.descriptors)));
  if (pieces_ != nullptr) return take_pieces(std::move(change));
  finished_ = change.ended() || follow_ == Follow::kNo;
  if (finished_) printer_->finish();
  return {};
}

// The word that nothing more comes is behind the last piece.
Result<> LogFollower::take_pieces(v1::LogEvent change) {
  pieces_->add(std::move(*change.mutable_remote()));
  finished_ = change.ended();
  return show_output();
}

Result<> LogFollower::take_end(const Result<>& end) {
  if (!end && !is_lost(end.error())) return end;
  if (end && pieces_ != nullptr && follow_ == Follow::kNo) {
    finished_ = true;
    return {};
  }
  lose_engine();  // Without the word that nothing more comes: the engine is going.
  return {};
}

Result<> LogFollower::show_output() {
  if (printer_) blocked_ = WARREN_TRY(printer_->pump()) == LogPrinter::Progress::kBlocked;
  return {};
}

// With the first message, which a job that waits for its turn may be long in sending.
Result<> LogFollower::begin_to_show(std::vector<os::UniqueFd> descriptors) {
  if (is_elsewhere(engine_)) {
    auto output = std::make_unique<PieceOutput>();
    pieces_ = output.get();
    show_from(std::move(output));
    return {};
  }
  if (descriptors.size() < 3) return fail(Errc::kInternal, "the engine sent no log");
  LogFiles files;
  files.out = std::move(descriptors[0]);
  files.err = std::move(descriptors[1]);
  files.index = std::move(descriptors[2]);
  if (descriptors.size() > 3) files.event = std::move(descriptors[3]);
  auto output = std::make_unique<FileOutput>(std::move(files), options_);
  if (follow_ == Follow::kYes) WARREN_TRY(output->watch());
  show_from(std::move(output));
  return {};
}

void LogFollower::show_from(std::unique_ptr<OutputSource> source) {
  printer_ =
      std::make_unique<LogPrinter>(std::move(source), options_, STDOUT_FILENO, STDERR_FILENO);
}

void LogFollower::lose_engine() {
  channel_.reset();
  backoff_.emplace(Backoff::Clock::now());
}

Result<> LogFollower::try_to_reach_engine() {
  if (!backoff_ || Backoff::Clock::now() < backoff_->next()) return {};
  if (auto channel = connect(engine_, Startup::kNever)) {
    channel_ = *std::move(channel);
    backoff_.reset();
    // The descriptors that come with the answer may be of files that we have.
    const auto opened = open();
    if (!opened && !is_lost(opened.error())) return opened;
    if (!opened) lose_engine();
    return {};
  }
  backoff_->failed(Backoff::Clock::now());
  if (!backoff_->is_over()) return {};
  return fail(Errc::kUnavailable, "the engine has gone and did not come back");
}

}  // namespace warren::client
