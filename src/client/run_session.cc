// SPDX-License-Identifier: Apache-2.0

#include "client/run_session.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "client/file_output.h"
#include "client/run_call.h"

namespace warren::client {

Result<v1::Node> RunSession::run() {
  channel_ = WARREN_TRY(connect(settings_.engine, Startup::kIfAbsent));
  WARREN_TRY(open_call());
  while (!is_over()) WARREN_TRY(turn());
  input_.reset();
  WARREN_TRY(show_rest());
  return *std::move(ended_);
}

Result<> RunSession::open_call() {
  if (!printer_) {
    // Repeated with its key, the call tells of the same job, and brings what has not come yet.
    call_ = WARREN_TRY(open_run(*channel_, settings_.engine, settings_.request));
    return {};
  }
  waiting_ = true;
  v1::WaitRequest request;
  request.add_nodes(id_);
  call_ = WARREN_TRY(channel_->open(wire::kWait, request));
  return pieces_ == nullptr ? Result<>() : open_log();
}

// What has been written since the connection was lost.
Result<> RunSession::open_log() {
  v1::LogRequest request;
  request.set_node(id_);
  request.set_follow(true);
  *request.mutable_remote()->mutable_replay() = pieces_->rest_of({});
  log_call_ = WARREN_TRY(channel_->open(wire::kLog, request));
  return {};
}

// One round of the loop: wait for anything, then take all that is there.
Result<> RunSession::turn() {
  enum Place : std::size_t { kEngine, kSignals, kOutput, kSource, kPipe, kCount };
  std::array<pollfd, kCount> waits;
  waits.fill({.fd = -1, .events = POLLIN, .revents = 0});
  if (channel_ && !must_wait()) waits[kEngine].fd = channel_->fd();
  if (signals_) waits[kSignals].fd = signals_->fd();
  if (printer_) {
    waits[kOutput].fd = blocked_ ? printer_->blocked_fd() : printer_->watch_fd();
    waits[kOutput].events = blocked_ ? POLLOUT : POLLIN;
  }
  if (input_) std::ranges::copy(input_->interests(), waits.begin() + kSource);
  if (::poll(waits.data(), waits.size(), timeout()) < 0) return {};  // EINTR

  if (input_) input_->advance({waits[kSource], waits[kPipe]});
  if (waits[kSignals].revents != 0) take_signals();
  if (blocked_) WARREN_TRY(show_output());
  WARREN_TRY(take_events());
  WARREN_TRY(show_output());
  WARREN_TRY(forward_signals());
  return try_to_reach_engine();
}

int RunSession::timeout() const {
  if (backoff_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(backoff_->next() - Clock::now());
    return static_cast<int>(std::max(left.count(), decltype(left)::rep{0}));
  }
  return -1;
}

Result<> RunSession::take_events() {
  while (channel_ && !is_over() && !must_wait()) {
    auto event = channel_->poll();
    if (!event) {
      // Before the engine has ever answered, what it says is the reason: it may refuse us.
      if (!is_lost(event.error())) return std::unexpected(std::move(event.error()));
      lose_engine();
    } else if (!*event) {
      return {};
    } else {
      WARREN_TRY(take_event(**std::move(event)));
    }
  }
  return {};
}

Result<> RunSession::take_event(wire::CallEvent event) {
  if (log_call_ && event.call == *log_call_) return take_log(std::move(event));
  // The answer to a signal that came too late, or the end of Wait before that of the output.
  if (event.call != call_ || (event.end && ended_)) return {};
  if (!event.end) return take_message(std::move(event));
  const bool went_away = *event.end ? !id_.empty() : is_lost(event.end->error());
  if (went_away) {
    lose_engine();
    return {};
  }
  if (!*event.end) return std::unexpected(std::move(event.end->error()));
  return fail(Errc::kInternal, "the engine did not say what became of the job");
}

Result<> RunSession::take_message(wire::CallEvent event) {
  if (waiting_) {
    v1::WaitReply reply;
    if (reply.ParseFromString(event.message) && reply.nodes_size() == 1) {
      ended_ = std::move(*reply.mutable_nodes(0));
      return {};
    }
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  v1::RunEvent run;
  if (!run.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  if (id_.empty()) {
    id_ = run.id();
    if (settings_.introduced) settings_.introduced(run);
  }
  WARREN_TRY(take_descriptors(run, std::move(event.descriptors)));
  WARREN_TRY(take_pieces(std::move(*run.mutable_remote())));
  if (run.has_ended()) ended_ = std::move(*run.mutable_ended());
  return {};
}

Result<> RunSession::take_log(wire::CallEvent event) {
  if (event.end) {
    if (!*event.end && !is_lost(event.end->error())) return *event.end;
    log_call_.reset();
    if (!*event.end) lose_engine();
    return {};
  }
  v1::LogEvent log;
  if (!log.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  return take_pieces(std::move(*log.mutable_remote()));
}

Result<> RunSession::take_pieces(v1::Remote remote) {
  if (pieces_ == nullptr || remote.pieces().empty()) return {};
  pieces_->add(std::move(remote));
  return show_output();
}

// They come with the first event, but those of the output only once uploads have arrived.
Result<> RunSession::take_descriptors(const v1::RunEvent& event,
                                      std::vector<os::UniqueFd> descriptors) {
  std::size_t next = 0;
  if (event.has_input()) {
    input_ =
        std::make_unique<InputForwarder>(STDIN_FILENO, WARREN_TRY(take_next(descriptors, next)));
  }
  if (event.has_uploads()) {
    const os::UniqueFd pipe = WARREN_TRY(take_next(descriptors, next));
    WARREN_TRY(send_uploads(*channel_, id_, settings_.uploads, pipe));
  }
  // Until here a signal ends this program, and the job with its uploads cut short.
  if (!signals_) signals_ = WARREN_TRY(SignalSource::open());
  if (!event.has_output()) return {};
  if (is_elsewhere(settings_.engine)) {
    auto output = std::make_unique<PieceOutput>();
    pieces_ = output.get();
    show_from(std::move(output));
    return {};
  }
  LogFiles files;
  files.out = WARREN_TRY(take_next(descriptors, next));
  files.err = WARREN_TRY(take_next(descriptors, next));
  files.index = WARREN_TRY(take_next(descriptors, next));
  if (next < descriptors.size()) files.event = WARREN_TRY(take_next(descriptors, next));
  auto output = std::make_unique<FileOutput>(std::move(files), LogOptions());
  WARREN_TRY(output->watch());
  show_from(std::move(output));
  return {};
}

void RunSession::show_from(std::unique_ptr<OutputSource> source) {
  printer_ =
      std::make_unique<LogPrinter>(std::move(source), LogOptions(), STDOUT_FILENO, STDERR_FILENO);
}

Result<> RunSession::show_output() {
  if (!printer_) return {};
  blocked_ = WARREN_TRY(printer_->pump()) == LogPrinter::Progress::kBlocked;
  return {};
}

// The job is over; signals that arrive now end this program as they do any other.
Result<> RunSession::show_rest() {
  if (!printer_) return {};
  printer_->finish();
  while (WARREN_TRY(printer_->pump()) == LogPrinter::Progress::kBlocked) {
    std::array<pollfd, 2> waits{
        pollfd{.fd = printer_->blocked_fd(), .events = POLLOUT, .revents = 0},
        pollfd{.fd = signals_->fd(), .events = POLLIN, .revents = 0}};
    ::poll(waits.data(), waits.size(), -1);
    if (const auto number = signals_->next()) ::_exit(128 + *number);
  }
  return {};
}

void RunSession::take_signals() {
  while (const auto number = signals_->next()) pending_signals_.push_back(*number);
}

Result<> RunSession::forward_signals() {
  while (channel_ && !id_.empty() && !pending_signals_.empty()) {
    const int number = pending_signals_.front();
    pending_signals_.pop_front();
    Result<wire::CallId> sent;
    if (number == SIGINT && ++interrupts_ > 1) {
      v1::StopRequest request;
      request.set_node(id_);
      sent = channel_->open(wire::kStop, request);
    } else {
      v1::SignalRequest request;
      request.set_node(id_);
      request.set_signal(static_cast<std::uint32_t>(number));
      sent = channel_->open(wire::kSignal, request);
    }
    if (!sent) {
      pending_signals_.push_front(number);
      lose_engine();
    }
  }
  return {};
}

// The pipe to a command on this machine outlives its engine.
void RunSession::lose_engine() {
  const bool loses_input = is_elsewhere(settings_.engine) && input_ && input_->is_in_the_middle();
  has_lost_input_ = has_lost_input_ || loses_input;
  channel_.reset();
  log_call_.reset();
  away_since_ = Clock::now();
  backoff_.emplace(away_since_);
}

Result<> RunSession::try_to_reach_engine() {
  const auto now = Clock::now();
  if (!backoff_ || now < backoff_->next()) return {};
  if (auto channel = connect(settings_.engine, startup_after(now - away_since_))) {
    channel_ = *std::move(channel);
    backoff_.reset();
    if (!open_call()) lose_engine();
    return {};
  }
  backoff_->failed(Clock::now());
  if (!backoff_->is_over()) return {};
  if (id_.empty()) return fail(Errc::kUnavailable, "the engine has gone and did not come back");
  return fail(Errc::kUnavailable, "the engine has gone and did not come back; job {} goes on", id_);
}

}  // namespace warren::client
