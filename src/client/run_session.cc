// SPDX-License-Identifier: Apache-2.0

#include "client/run_session.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace warren::client {
namespace {

// How long an engine that has gone may take to come back by itself before we start another.
constexpr std::chrono::seconds kPatience{2};

Startup startup_after(Backoff::Clock::duration away) {
  return away < kPatience ? Startup::kNever : Startup::kIfAbsent;
}

// The next descriptor of those that came with the first event, in their agreed order.
Result<os::UniqueFd> take(std::vector<os::UniqueFd>& descriptors, std::size_t& next) {
  if (next >= descriptors.size()) {
    return fail(Errc::kInternal, "the engine sent {} descriptors, too few", descriptors.size());
  }
  return std::move(descriptors[next++]);
}

bool has_no_reader(const os::UniqueFd& pipe) {
  pollfd state{.fd = pipe.get(), .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

// A job whose files do not all arrive must not start: it is stopped while it still waits for them.
Result<> send_uploads(wire::ClientChannel& channel, const std::string& id,
                      const std::vector<UploadEntry>& uploads, const os::UniqueFd& pipe) {
  auto written = write_archive(uploads, pipe.get());
  // Where the engine takes no more of it, the job has failed, and the engine knows why.
  if (written || has_no_reader(pipe)) return {};
  v1::StopRequest request;
  request.set_node(id);
  request.set_grace_ms(0);
  std::ignore = channel.exchange(wire::kStop, request);  // The reason is the upload's.
  return written;
}

// A job that an engine has accepted, and the connection that it said so on.
struct Accepted {
  wire::ClientChannel channel;
  v1::RunEvent event;
  std::vector<os::UniqueFd> descriptors;
};

Result<Accepted> submit(wire::ClientChannel channel, const v1::RunRequest& request) {
  const wire::CallId call = WARREN_TRY(channel.open(wire::kRun, request));
  wire::CallEvent event = WARREN_TRY(channel.next_of(call));
  if (event.end) {
    WARREN_TRY(Result<>(*event.end));
    return fail(Errc::kInternal, "the engine did not say the job's id");
  }
  v1::RunEvent first;
  if (!first.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  return Accepted{std::move(channel), std::move(first), std::move(event.descriptors)};
}

}  // namespace

Result<std::string> run_detached(RunSettings settings) {
  settings.request.set_detach(true);
  auto channel = WARREN_TRY(connect(settings.places, Startup::kIfAbsent));
  Accepted accepted = WARREN_TRY(submit(std::move(channel), settings.request));
  std::string id = accepted.event.id();
  if (accepted.event.has_uploads()) {
    std::size_t next = 0;
    const os::UniqueFd pipe = WARREN_TRY(take(accepted.descriptors, next));
    WARREN_TRY(send_uploads(accepted.channel, id, settings.uploads, pipe));
  }
  return id;
}

Result<v1::Node> RunSession::run() {
  channel_ = WARREN_TRY(connect(settings_.places, Startup::kIfAbsent));
  WARREN_TRY(open_call());
  while (!ended_) WARREN_TRY(turn());
  input_.reset();
  WARREN_TRY(show_rest());
  return *std::move(ended_);
}

Result<> RunSession::open_call() {
  if (!printer_) {
    // Repeated with its key, the call tells of the same job, and brings what has not come yet.
    call_ = WARREN_TRY(channel_->open(wire::kRun, settings_.request));
    return {};
  }
  waiting_ = true;
  v1::WaitRequest request;
  request.add_nodes(id_);
  call_ = WARREN_TRY(channel_->open(wire::kWait, request));
  return {};
}

// One round of the loop: wait for anything, then take all that is there.
Result<> RunSession::turn() {
  enum Place : std::size_t { kEngine, kSignals, kOutput, kSource, kPipe, kCount };
  std::array<pollfd, kCount> waits;
  waits.fill({.fd = -1, .events = POLLIN, .revents = 0});
  if (channel_) waits[kEngine].fd = channel_->fd();
  if (signals_) waits[kSignals].fd = signals_->fd();
  if (printer_) {
    waits[kOutput].fd = blocked_ ? printer_->blocked_fd() : printer_->watch_fd();
    waits[kOutput].events = blocked_ ? POLLOUT : POLLIN;
  }
  if (input_) std::ranges::copy(input_->interests(), waits.begin() + kSource);
  if (::poll(waits.data(), waits.size(), timeout()) < 0) return {};  // EINTR

  if (input_) input_->advance({waits[kSource], waits[kPipe]});
  if (waits[kSignals].revents != 0) take_signals();
  if (channel_) WARREN_TRY(take_events());
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
  while (channel_ && !ended_) {
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
  if (event.call != call_) return {};  // The answer to a signal that came too late.
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
  if (id_.empty()) id_ = run.id();
  WARREN_TRY(take_descriptors(run, std::move(event.descriptors)));
  if (run.has_ended()) ended_ = std::move(*run.mutable_ended());
  return {};
}

// They come with the first event, but those of the output only once uploads have arrived.
Result<> RunSession::take_descriptors(const v1::RunEvent& event,
                                      std::vector<os::UniqueFd> descriptors) {
  std::size_t next = 0;
  if (event.has_input()) {
    input_ = std::make_unique<InputForwarder>(STDIN_FILENO, WARREN_TRY(take(descriptors, next)));
  }
  if (event.has_uploads()) {
    const os::UniqueFd pipe = WARREN_TRY(take(descriptors, next));
    WARREN_TRY(send_uploads(*channel_, id_, settings_.uploads, pipe));
  }
  // Until here a signal ends this program, and the job with its uploads cut short.
  if (!signals_) signals_ = WARREN_TRY(SignalSource::open());
  if (!event.has_output()) return {};
  LogFiles files;
  files.out = WARREN_TRY(take(descriptors, next));
  files.err = WARREN_TRY(take(descriptors, next));
  files.index = WARREN_TRY(take(descriptors, next));
  if (next < descriptors.size()) files.event = WARREN_TRY(take(descriptors, next));
  printer_ =
      std::make_unique<LogPrinter>(std::move(files), LogOptions(), STDOUT_FILENO, STDERR_FILENO);
  return printer_->watch();
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

void RunSession::lose_engine() {
  channel_.reset();
  away_since_ = Clock::now();
  backoff_.emplace(away_since_);
}

Result<> RunSession::try_to_reach_engine() {
  const auto now = Clock::now();
  if (!backoff_ || now < backoff_->next()) return {};
  if (auto channel = connect(settings_.places, startup_after(now - away_since_))) {
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
