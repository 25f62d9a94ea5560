// SPDX-License-Identifier: Apache-2.0

#include "init/init.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <tuple>

#include "init/mapped_plan.h"
#include "os/call.h"
#include "os/file.h"
#include "os/socket.h"

namespace warren::init {
namespace {

// What an epoll event is about: one of these, one number for each dial from kFirstDial on, or two
// for each process from kFirstPipe on.
constexpr std::uint32_t kControl = 0;
constexpr std::uint32_t kListener = 1;
constexpr std::uint32_t kChildren = 2;
constexpr std::uint32_t kCalls = 3;
constexpr std::uint32_t kFirstDial = 4;
constexpr std::uint32_t kFirstPipe = kFirstDial + plan::kMostDials;

// Children that are reaped in one turn. A command can orphan processes faster than they are reaped.
constexpr int kMostReaped = 64;

std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

bool Init::launch(os::UniqueFd control) noexcept {
  channel_.open(static_cast<os::UniqueFd&&>(control));
  Order order{};
  auto received = os::receive_message(channel_.fd(), std::as_writable_bytes(std::span(&order, 1)));
  if (!received || !is_whole(order, received->bytes) ||
      order.head.type != plan::MessageType::kLaunch) {
    return false;
  }
  times_.began = monotonic_ns();
  take_launch_descriptors(*received, order.start);
  for (const int standard : {0, 1, 2}) {
    std::ignore = os::call([&] { return ::dup2(sandbox_.slots.get(plan::Slot::kNull), standard); });
  }
  std::ignore = os::set_nonblocking(channel_.fd());
  const auto built = build(order.start);
  if (!built) channel_.tell_failed(order.start.process, built.error());
  return built.has_value();
}

void Init::take_launch_descriptors(os::Received& received, const plan::Start& order) noexcept {
  for (std::size_t index = 0; index < received.descriptors && index < order.descriptors; ++index) {
    sandbox_.slots.put(static_cast<plan::Slot>(order.slot[index]),
                       static_cast<os::UniqueFd&&>(received.fds[index]));
  }
}

StepResult<> Init::build(const plan::Start& order) noexcept {
  const MappedPlan plan(sandbox_.slots.get(plan::Slot::kPlan));
  plan::Reader reader(plan.bytes());
  sandbox_.slots.close(plan::Slot::kPlan, 1);
  std::uint32_t index = 0;
  const auto fail = [&](plan::Op op, int error) -> StepResult<> {
    const Failure failure{.step = index, .op = op, .error = {error}};
    record_failed(sandbox_.slots.get(plan::Slot::kRecord), failure);
    return std::unexpected(failure);
  };
  if (!reader.is_valid()) return fail(plan::Op{}, EBADMSG);
  const auto done = perform_steps(sandbox_, reader, reader.header().sandbox_steps, index);
  if (!done) return fail(done.error().op, done.error().error.value);
  if (const auto opened = open_loop(); !opened) return fail(plan::Op{}, opened.error().value);
  times_.built = monotonic_ns();
  if (reader.header().process_steps == 0) {
    channel_.tell_ready();
    return {};
  }
  if (order.ends_sandbox != 0) leader_ = order.process;
  return start_process(reader, order, index);
}

StepResult<> Init::start_process(plan::Reader& reader, const plan::Start& order,
                                 std::uint32_t index) noexcept {
  const auto process = processes_.start(sandbox_, reader, order, index);
  if (!process) return std::unexpected(process.error());
  times_.spawned = monotonic_ns();
  watch_output(**process);
  channel_.tell_started(**process, times_);
  return {};
}

os::KernelResult<> Init::open_loop() noexcept {
  auto epoll = os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); });
  if (!epoll) return std::unexpected(epoll.error());
  sigset_t children;
  ::sigemptyset(&children);
  ::sigaddset(&children, SIGCHLD);
  auto signals =
      os::call_for_fd([&] { return ::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK); });
  if (!signals) return std::unexpected(signals.error());
  epoll_ = static_cast<os::UniqueFd&&>(*epoll);
  child_signals_ = static_cast<os::UniqueFd&&>(*signals);
  const bool watched = watch(child_signals_.get(), kChildren, EPOLLIN) &&
                       watch(channel_.fd(), kControl, EPOLLIN) &&
                       watch(sandbox_.slots.get(plan::Slot::kListener), kListener, EPOLLIN);
  return watched ? os::KernelResult<>() : os::last_error();
}

bool Init::watch(int fd, std::uint32_t tag, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u32 = tag;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

// Of what others hold a descriptor too: closing it here alone would leave it in the epoll, ready
// for ever.
void Init::unwatch(int fd) noexcept {
  std::ignore = os::call([&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); });
}

void Init::watch_output(Process& process) noexcept {
  auto tag = static_cast<std::uint32_t>(&process - processes_.all().data()) * 2 + kFirstPipe;
  for (const Stream& stream : process.output.streams()) {
    if (stream.pipe) std::ignore = watch(stream.pipe.get(), tag, EPOLLIN);
    ++tag;
  }
}

void Init::close_pipe(Stream& stream) noexcept {
  if (!stream.pipe) return;
  unwatch(stream.pipe.get());  // The engine holds the same pipe.
  stream.pipe.reset();
}

int Init::run() noexcept {
  epoll_event events[16];
  while (!quit_) {
    const int count = ::epoll_wait(epoll_.get(), events, 16, -1);
    const auto serve_each = [&](std::uint32_t first, std::uint32_t end) {
      for (int index = 0; index < count; ++index) {
        const std::uint32_t tag = events[index].data.u32;
        if (tag >= first && tag < end) serve(tag);
      }
    };
    // What the engine wants comes first, and output last: writing it can take its time.
    for (std::uint32_t tag = kControl; tag < kFirstDial; ++tag) serve_each(tag, tag + 1);
    serve_each(kFirstDial, kFirstPipe);
    serve_each(kFirstPipe, UINT32_MAX);
  }
  return 0;
}

void Init::serve(std::uint32_t tag) noexcept {
  switch (tag) {
    case kControl:
      return serve_control();
    case kListener:
      return serve_listener();
    case kChildren:
      return serve_children();
    case kCalls:
      return serve_calls();
    default:
      return tag < kFirstPipe ? serve_dial(tag - kFirstDial) : serve_output(tag - kFirstPipe);
  }
}

void Init::serve_listener() noexcept {
  auto connection = os::accept_connection(sandbox_.slots.get(plan::Slot::kListener));
  if (!connection) return;
  // Only the engine can reach the socket; a new one takes the place of the one before it.
  forget_engine();
  std::ignore = os::set_nonblocking(connection->get());
  channel_.open(static_cast<os::UniqueFd&&>(*connection));
  std::ignore = watch(channel_.fd(), kControl, EPOLLIN);
}

// What it has asked for and has not got is nobody's business any more.
void Init::forget_engine() noexcept {
  channel_.close();
  dials_.clear();
  stop_accepting();
}

// Its end of the socket is closed: it has ended, and no other one has taken its place.
void Init::lose_engine() noexcept {
  forget_engine();
  if (!sandbox_.ends_with_engine) return;
  why_ended_ = plan::Op::kEndWithEngine;
  std::ignore = kill_all();
  // A leader's end is recorded when it is reaped.
  if (leader_ == 0) quit_ = true;
}

void Init::serve_control() noexcept {
  Order order{};
  auto received = os::receive_message(channel_.fd(), std::as_writable_bytes(std::span(&order, 1)));
  if (received ? received->bytes == 0 : os::is_disconnected(received.error())) {
    return lose_engine();
  }
  if (received && is_whole(order, received->bytes)) obey(order, *received);
}

void Init::obey(const Order& order, os::Received& received) noexcept {
  switch (order.head.type) {
    case plan::MessageType::kStart:
      return start_another(received, order.start);
    case plan::MessageType::kSignal:
      return signal_process(order.signal);
    case plan::MessageType::kAttach:
    case plan::MessageType::kStat:
      return report_state();
    case plan::MessageType::kReleaseInput:
      return release_input(order.release_input);
    case plan::MessageType::kDial:
      return dial(order.dial);
    case plan::MessageType::kAccept:
      return expect_calls(order.accept);
    case plan::MessageType::kQuit:
      quit_ = true;
      return;
    default:
      return;
  }
}

void Init::start_another(os::Received& received, const plan::Start& order) noexcept {
  take_launch_descriptors(received, order);
  const MappedPlan plan(sandbox_.slots.get(plan::Slot::kPlan));
  plan::Reader reader(plan.bytes());
  sandbox_.slots.close(plan::Slot::kPlan, 1);
  const Failure unreadable{.step = 0, .op = {}, .error = {EBADMSG}};
  if (!reader.is_valid() || reader.header().sandbox_steps != 0) {
    return channel_.tell_failed(order.process, unreadable);
  }
  const auto started = start_process(reader, order, 0);
  if (!started) channel_.tell_failed(order.process, started.error());
}

void Init::signal_process(const plan::Signal& order) noexcept {
  const Process* process = order.process == 0 ? nullptr : processes_.find(order.process);
  // One that has just ended needs no signal.
  if (process != nullptr) {
    std::ignore = os::send_signal(process->child.pidfd.get(), order.signal);
  }
}

void Init::release_input(const plan::ReleaseInput& order) noexcept {
  Process* process = order.process == 0 ? nullptr : processes_.find(order.process);
  if (process != nullptr) process->input.reset();
}

void Init::report_state() noexcept {
  channel_.tell_state(processes_.live());
  for (const Process& process : processes_.all()) {
    if (process.number != 0) channel_.tell_started(process, times_);
  }
}

void Init::dial(const plan::Dial& order) noexcept {
  const auto place = dials_.begin(order);
  if (!place) return channel_.tell_dialed(order.request, std::unexpected(place.error()));
  watch_dial(*place);
}

void Init::watch_dial(std::size_t place) noexcept {
  const std::uint32_t tag = kFirstDial + static_cast<std::uint32_t>(place);
  std::ignore = watch(dials_.socket(place), tag, EPOLLOUT);
}

void Init::serve_dial(std::size_t place) noexcept {
  if (dials_.socket(place) < 0) return;  // Given up a moment ago.
  const Dials::News news = dials_.advance(place);
  if (news == Dials::News::kGoesOn) return watch_dial(place);
  const std::uint32_t request = dials_.request(place);
  const auto socket = dials_.take(place);
  if (socket) unwatch(socket->get());
  channel_.tell_dialed(request, socket);
}

void Init::expect_calls(const plan::Accept& order) noexcept {
  const int listener = sandbox_.slots.get(plan::Slot::kCalls);
  if (listener < 0 || order.connections == 0) return;
  if (wanted_calls_ == 0 && !watch(listener, kCalls, EPOLLIN)) return;
  const std::uint32_t room = plan::kMostAccepts - wanted_calls_;
  wanted_calls_ += order.connections < room ? order.connections : room;
}

void Init::stop_accepting() noexcept {
  if (wanted_calls_ > 0) unwatch(sandbox_.slots.get(plan::Slot::kCalls));
  wanted_calls_ = 0;
}

// One at a time, so that a crowd of callers holds up nothing else.
void Init::serve_calls() noexcept {
  if (wanted_calls_ == 0) return;
  const auto connection = os::accept_connection(sandbox_.slots.get(plan::Slot::kCalls));
  if (!connection) {
    const int error = connection.error().value;
    // Out of descriptors or memory it would be tried without end.
    if (error != EAGAIN && error != ECONNABORTED) stop_accepting();
    return;
  }
  channel_.tell_accepted(connection->get());
  if (wanted_calls_ == 1) unwatch(sandbox_.slots.get(plan::Slot::kCalls));
  --wanted_calls_;
}

void Init::serve_output(std::size_t pipe) noexcept {
  Process& process = processes_.all()[pipe / 2];
  Stream& stream = process.output.streams()[pipe % 2];
  std::ignore = process.output.move_chunk(stream);
  if (stream.ended) close_pipe(stream);
}

void Init::serve_children() noexcept {
  signalfd_siginfo pending[8];
  while (os::read_some(child_signals_.get(), std::as_writable_bytes(std::span(pending)))) {
  }
  for (int count = 0; count < kMostReaped; ++count) {
    const auto child = os::reap_any();
    if (child && child->pid == 0) return;
    if (!child) return outlived_all();
    reaped(*child);
  }
  // There may be more: the next turn begins with this.
  std::ignore = os::call([] { return ::kill(::getpid(), SIGCHLD); });
}

// ECHILD: nobody is left in the sandbox.
void Init::outlived_all() noexcept {
  if (!leader_end_) return;
  if (Process* leader = processes_.find(leader_)) {
    finish(*leader, leader_end_->wait_status, leader_end_->at);
  }
  quit_ = true;
}

void Init::reaped(const os::Reaped& child) noexcept {
  Process* process = processes_.find_by_pid(child.pid);
  if (process == nullptr) return;
  if (process->number != leader_) return finish(*process, child.wait_status, wall_clock());
  leader_end_ = End{.wait_status = child.wait_status, .at = wall_clock()};
  end_sandbox();
}

// The leader has ended: what it left behind ends with it, and only then its end is recorded.
void Init::end_sandbox() noexcept {
  if (kill_all()) return;
  // The engine does it once it knows.
  if (Process* leader = processes_.find(leader_)) {
    finish(*leader, leader_end_->wait_status, leader_end_->at);
  }
}

// Kills what is in the sandbox. False where there is no way to do that from here.
bool Init::kill_all() noexcept {
  if (sandbox_.kills_namespace) {
    std::ignore = os::call([] { return ::kill(-1, SIGKILL); });
    return true;
  }
  if (sandbox_.kill_file == plan::Slot::kNone) return false;
  static constexpr char kKill = '1';
  std::ignore = os::write_all(sandbox_.slots.get(sandbox_.kill_file),
                              {reinterpret_cast<const std::byte*>(&kKill), 1});
  return true;
}

void Init::finish(Process& process, int wait_status, plan::WallClock at) noexcept {
  process.output.finish();
  auto& [out, err] = process.output.streams();
  close_pipe(out);
  close_pipe(err);
  record_exited(process, wait_status, at, why_ended_);
  channel_.tell_exited(process, wait_status, at);
  process = Process();
}

}  // namespace warren::init
