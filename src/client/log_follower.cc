// SPDX-License-Identifier: Apache-2.0

#include "client/log_follower.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace warren::client {

Result<> LogFollower::show() {
  channel_ = WARREN_TRY(connect(places_, Startup::kIfAbsent));
  WARREN_TRY(open());
  for (;;) {
    if (printer_) blocked_ = WARREN_TRY(printer_->pump()) == LogPrinter::Progress::kBlocked;
    if (finished_ && !blocked_) return {};
    WARREN_TRY(turn());
  }
}

Result<> LogFollower::open() {
  v1::LogRequest request;
  request.set_node(node_);
  request.set_follow(follow_ == Follow::kYes);
  call_ = WARREN_TRY(channel_->open(wire::kLog, request));
  return {};
}

Result<> LogFollower::turn() {
  std::array<pollfd, 2> waits;
  waits.fill({.fd = -1, .events = POLLIN, .revents = 0});
  if (channel_ && !finished_) waits[0].fd = channel_->fd();
  if (printer_) {
    waits[1].fd = blocked_ ? printer_->blocked_fd() : printer_->watch_fd();
    waits[1].events = blocked_ ? POLLOUT : POLLIN;
  }
  ::poll(waits.data(), waits.size(), timeout());
  if (finished_) return {};
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
  while (channel_ && !finished_) {
    auto event = channel_->poll();
    if (!event) {
      lose_engine();
    } else if (!*event) {
      return {};
    } else if ((*event)->end) {
      // Without the word that nothing more comes: the engine is going.
      if (!*(*event)->end && !is_lost((*event)->end->error())) return *(*event)->end;
      lose_engine();
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
  lost_bytes_ = change.lost_bytes();
  if (!printer_) WARREN_TRY(take_files(std::move(event.descriptors)));
  finished_ = change.ended() || follow_ == Follow::kNo;
  if (finished_) printer_->finish();
  return {};
}

// They come with the first message, which a job that waits for its turn may be long in sending.
Result<> LogFollower::take_files(std::vector<os::UniqueFd> descriptors) {
  if (descriptors.size() < 3) return fail(Errc::kInternal, "the engine sent no log");
  LogFiles files;
  files.out = std::move(descriptors[0]);
  files.err = std::move(descriptors[1]);
  files.index = std::move(descriptors[2]);
  if (descriptors.size() > 3) files.event = std::move(descriptors[3]);
  printer_ = std::make_unique<LogPrinter>(std::move(files), options_, STDOUT_FILENO, STDERR_FILENO);
  return follow_ == Follow::kYes ? printer_->watch() : Result<>();
}

void LogFollower::lose_engine() {
  channel_.reset();
  backoff_.emplace(Backoff::Clock::now());
}

Result<> LogFollower::try_to_reach_engine() {
  if (!backoff_ || Backoff::Clock::now() < backoff_->next()) return {};
  if (auto channel = connect(places_, Startup::kNever)) {
    channel_ = *std::move(channel);
    backoff_.reset();
    // The descriptors that come with the answer may be of files that we have.
    if (!open()) lose_engine();
    return {};
  }
  backoff_->failed(Backoff::Clock::now());
  if (!backoff_->is_over()) return {};
  return fail(Errc::kUnavailable, "the engine has gone and did not come back");
}

}  // namespace warren::client
