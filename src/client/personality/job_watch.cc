// SPDX-License-Identifier: Apache-2.0

#include "client/personality/job_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "client/complaint.h"
#include "client/personality/job_entries.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::client {
namespace {

constexpr std::string_view kFace = "jobworker";
constexpr std::array kAlive{"SCHEDULED", "QUEUED", "STARTING", "RUNNING", "PAUSED", "STOPPING"};
constexpr int kRetryMs = 200;
constexpr std::chrono::seconds kLastEntries{5};

Timestamp now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

bool is_alive(std::string_view state) {
  return std::ranges::find(kAlive, state) != kAlive.end();
}

struct Tail {
  std::string bytes;
  std::uint64_t size;
};

Result<Tail> read_tail(int file) {
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(file, &status); }), "looking at output"));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Tail tail{.bytes = std::string(std::min(size, kMostDumped), '\0'), .size = size};
  const auto begin = static_cast<off_t>(size - tail.bytes.size());
  const std::size_t count =
      WARREN_TRY(os::context(os::call_for<std::size_t>([&] {
                               return ::pread(file, tail.bytes.data(), tail.bytes.size(), begin);
                             }),
                             "reading output"));
  tail.bytes.resize(count);
  return tail;
}

Result<v1::NodeEvent> parse_event(const std::string& bytes) {
  v1::NodeEvent event;
  if (event.ParseFromString(bytes)) return event;
  return fail(Errc::kInternal, "the engine's answer is malformed");
}

}  // namespace

Result<JobWatch> JobWatch::open(const std::string& path, Places places) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  constexpr mode_t kMode = 0640;
  os::UniqueFd log =
      WARREN_TRY(os::context(os::call_for_fd([&] { return ::open(path.c_str(), kFlags, kMode); }),
                             "opening the log {}", path));
  LogHistory history = WARREN_TRY(context(read_history(log.get()), "{}", path));
  return JobWatch(std::move(log), std::move(history), std::move(places));
}

Result<> JobWatch::begin() {
  engine_ = WARREN_TRY(EngineClient::open(places_, Startup::kNever));
  WARREN_TRY(catch_up());
  return connect();
}

// What happened before is in the log of whoever served then, but for the ends of jobs that ended
// with that server.
Result<> JobWatch::catch_up() {
  const std::vector<v1::NodeEvent> ends = WARREN_TRY(missed_ends());
  for (const v1::NodeEvent& end : ends) WARREN_TRY(take(end));
  const std::set<std::string> left = running_;
  for (const std::string& id : left) {
    const std::optional<v1::Node> job = WARREN_TRY(find_job(id));
    if (job) continue;  // It runs on, or has ended this moment: then its event is still to come.
    running_.erase(id);
    note(fmt::format("job {}: nothing is known of its end", id));
  }
  return {};
}

Result<std::vector<v1::NodeEvent>> JobWatch::missed_ends() {
  std::vector<v1::NodeEvent> ends;
  const wire::CallId call = WARREN_TRY(engine_->channel().open(wire::kEvents, v1::EventsRequest()));
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(engine_->channel().next_of(call));
    if (event.end) {
      WARREN_TRY(Result<>(*event.end));
      return ends;
    }
    v1::NodeEvent change = WARREN_TRY(parse_event(event.message));
    last_ = change.number();
    if (!is_alive(change.state()) && running_.contains(change.node())) {
      ends.push_back(std::move(change));
    }
  }
}

Result<> JobWatch::connect() {
  if (!engine_) engine_ = WARREN_TRY(EngineClient::open(places_, Startup::kNever));
  v1::EventsRequest request;
  request.set_follow(true);
  request.set_after(last_);
  events_ = WARREN_TRY(engine_->channel().open(wire::kEvents, request));
  return {};
}

int JobWatch::fd() const noexcept {
  return engine_ ? engine_->channel().fd() : -1;
}

int JobWatch::timeout() const noexcept {
  return engine_ ? -1 : kRetryMs;
}

void JobWatch::advance() {
  if (!engine_ && !connect()) return;
  const auto taken = take_events();
  if (taken) return;
  engine_.reset();
  if (!is_lost(taken.error())) note(taken.error().message);
}

Result<> JobWatch::take_events() {
  for (;;) {
    const std::optional<wire::CallEvent> event = WARREN_TRY(engine_->channel().poll());
    if (!event) return {};
    if (event->call != events_) continue;
    if (event->end) {
      if (!*event->end) return *event->end;
      return fail(Errc::kUnavailable, "the engine has ended the stream of its events");
    }
    const v1::NodeEvent change = WARREN_TRY(parse_event(event->message));
    WARREN_TRY(take(change));
    last_ = change.number();
  }
}

Result<> JobWatch::take(const v1::NodeEvent& event) {
  const bool runs = event.state() == "RUNNING";
  if (event.seq() == 0 || (is_alive(event.state()) && !runs)) return {};
  if (runs && running_.contains(event.node())) return {};  // It had been paused.
  const std::optional<v1::Node> job = WARREN_TRY(find_job(event.node()));
  if (!job) return {};
  if (runs) {
    running_.insert(job->id());
    write(start_entry(now(), *job));
    return {};
  }
  return write_end(*job);
}

// With its output, or nothing of both: from an engine that dies meanwhile the next one is asked for
// the same end once more.
Result<> JobWatch::write_end(const v1::Node& job) {
  const auto output = output_of(job);
  if (!output && is_lost(output.error())) return std::unexpected(output.error());
  write(end_entry(now(), job) + output.value_or(""));
  running_.erase(job.id());
  if (!output) note(fmt::format("job {}: {}", job.id(), output.error().message));
  return {};
}

// Nothing for one of another face, or one that has been deleted meanwhile.
Result<std::optional<v1::Node>> JobWatch::find_job(const std::string& id) {
  v1::NodeRequest request;
  request.set_node(id);
  auto found = engine_->call<v1::Node>(wire::kGet, request);
  if (!found && found.error().code == Errc::kNotFound) return std::nullopt;
  v1::Node job = WARREN_TRY(std::move(found));
  if (job.face() != kFace) return std::nullopt;
  return job;
}

Result<std::string> JobWatch::output_of(const v1::Node& job) {
  v1::LogRequest request;
  request.set_node(job.id());
  const wire::CallId call = WARREN_TRY(engine_->channel().open(wire::kLog, request));
  const wire::CallEvent opened = WARREN_TRY(engine_->channel().next_of(call));
  std::string output;
  if (opened.end) {  // It never ran.
    WARREN_TRY(Result<>(*opened.end));
    return output;
  }
  constexpr std::array<std::string_view, 2> kStreams{"stdout", "stderr"};
  for (std::size_t i = 0; i < std::min(kStreams.size(), opened.descriptors.size()); ++i) {
    const Tail tail = WARREN_TRY(read_tail(opened.descriptors[i].get()));
    output += dump_entry(job.id(), {.stream = kStreams[i], .bytes = tail.bytes, .size = tail.size});
  }
  WARREN_TRY(engine_->channel().cancel(call));
  return output;
}

void JobWatch::note(std::string_view sentence) {
  write(note_entry(now(), sentence));
}

// A full disk must not end the server: what it serves is more than its log. It leaves half an
// entry, which the next one is not to go on with.
void JobWatch::write(std::string text) {
  if (is_broken_off_) text.insert(0, 1, '\n');
  const auto written =
      os::context(os::write_all(log_.get(), std::as_bytes(std::span(text))), "writing the log");
  is_broken_off_ = !written;
  if (!written) complain_as("jobworker-server", written.error().message);
}

Result<> JobWatch::end_jobs() {
  if (!engine_) WARREN_TRY(connect());
  v1::ListRequest request;
  for (const char* const state : kAlive) request.add_states(state);
  request.set_view(v1::ListRequest::VIEW_BASIC);
  const auto listed = WARREN_TRY(engine_->call<v1::ListReply>(wire::kList, request));
  for (const v1::Node& job : listed.nodes()) {
    if (job.face() != kFace) continue;
    v1::StopRequest stop;
    stop.set_node(job.id());
    stop.set_grace_ms(0);
    const auto stopped = engine_->call<v1::Node>(wire::kStop, stop);
    // One that has just ended by itself cannot be stopped.
    if (!stopped && is_lost(stopped.error())) return std::unexpected(stopped.error());
  }
  const auto last = std::chrono::steady_clock::now() + kLastEntries;
  WARREN_TRY(take_events());
  while (!running_.empty() && std::chrono::steady_clock::now() < last) {
    pollfd news{.fd = fd(), .events = POLLIN, .revents = 0};
    std::ignore = ::poll(&news, 1, kRetryMs);
    WARREN_TRY(take_events());
  }
  return {};
}

}  // namespace warren::client
