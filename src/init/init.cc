// SPDX-License-Identifier: Apache-2.0

#include "init/init.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <tuple>

#include "os/call.h"
#include "os/file.h"
#include "os/socket.h"

namespace warren::init {
namespace {

// What an epoll event is about: one of these, or two numbers for each process from kFirstPipe on.
constexpr std::uint32_t kControl = 0;
constexpr std::uint32_t kListener = 1;
constexpr std::uint32_t kChildren = 2;
constexpr std::uint32_t kFirstPipe = 16;

std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

template <typename T>
std::span<const std::byte> bytes_of(const T& message) noexcept {
  return std::as_bytes(std::span(&message, 1));
}

template <typename T>
plan::MessageHead head_of(plan::MessageType type) noexcept {
  return {.version = plan::kProtocolVersion, .type = type, .bytes = sizeof(T)};
}

// A plan in memory for as long as its steps are performed.
class MappedPlan {
 public:
  explicit MappedPlan(int fd) noexcept {
    struct stat status {};
    if (::fstat(fd, &status) < 0 || status.st_size <= 0) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) return;
    bytes_ = {static_cast<const std::byte*>(memory), size};
  }
  ~MappedPlan() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  MappedPlan(const MappedPlan&) = delete;
  MappedPlan& operator=(const MappedPlan&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

// Messages are read into one place; what is shorter than its type is as good as not there.
union Message {
  plan::MessageHead head;
  plan::Start start;
  plan::Signal signal;
};

bool is_whole(const Message& message, std::size_t bytes) noexcept {
  if (bytes < sizeof(plan::MessageHead) || message.head.bytes != bytes) return false;
  if (message.head.version != plan::kProtocolVersion) return false;
  switch (message.head.type) {
    case plan::MessageType::kLaunch:
    case plan::MessageType::kStart:
      return bytes == sizeof(plan::Start) && message.start.descriptors <= plan::kMostDescriptors;
    case plan::MessageType::kSignal:
      return bytes == sizeof(plan::Signal);
    default:
      return true;
  }
}

}  // namespace

bool Init::launch(os::UniqueFd control) noexcept {
  began_ns_ = monotonic_ns();
  control_ = static_cast<os::UniqueFd&&>(control);
  Message message{};
  auto received =
      os::receive_message(control_.get(), std::as_writable_bytes(std::span(&message, 1)));
  if (!received || !is_whole(message, received->bytes) ||
      message.head.type != plan::MessageType::kLaunch) {
    return false;
  }
  take_launch_descriptors(*received, message.start);
  for (const int standard : {0, 1, 2}) {
    std::ignore = os::call([&] { return ::dup2(sandbox_.slots.get(plan::Slot::kNull), standard); });
  }
  std::ignore = os::set_nonblocking(control_.get());
  const auto built = build(message.start);
  if (!built) send_failed(message.start.process, built.error());
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
  built_ns_ = monotonic_ns();
  if (reader.header().process_steps == 0) {
    const plan::MessageHead ready = head_of<plan::MessageHead>(plan::MessageType::kReady);
    send(bytes_of(ready), {});
    return {};
  }
  if (order.ends_sandbox != 0) leader_ = order.process;
  return start_process(reader, order, index);
}

StepResult<> Init::start_process(plan::Reader& reader, const plan::Start& order,
                                 std::uint32_t index) noexcept {
  const auto process = processes_.start(sandbox_, reader, order, index);
  if (!process) return std::unexpected(process.error());
  spawned_ns_ = monotonic_ns();
  watch_output(**process);
  send_started(**process);
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
  const bool watched = watch(child_signals_.get(), kChildren) && watch(control_.get(), kControl) &&
                       watch(sandbox_.slots.get(plan::Slot::kListener), kListener);
  return watched ? os::KernelResult<>() : os::last_error();
}

bool Init::watch(int fd, std::uint32_t tag) noexcept {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = tag;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Init::watch_output(Process& process) noexcept {
  auto tag = static_cast<std::uint32_t>(&process - processes_.all().data()) * 2 + kFirstPipe;
  for (const Stream& stream : process.output.streams()) {
    if (stream.pipe) std::ignore = watch(stream.pipe.get(), tag);
    ++tag;
  }
}

// The engine holds the same pipe: closing it here alone would leave it in the epoll, at its end and
// ready for ever.
void Init::close_pipe(Stream& stream) noexcept {
  if (!stream.pipe) return;
  std::ignore = os::call(
      [&] { return ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stream.pipe.get(), nullptr); });
  stream.pipe.reset();
}

int Init::run() noexcept {
  epoll_event events[16];
  while (!quit_) {
    const int count = ::epoll_wait(epoll_.get(), events, 16, -1);
    // What the engine wants comes first, and output last: writing it can take its time.
    for (std::uint32_t tag = kControl; tag <= kChildren; ++tag) {
      for (int index = 0; index < count; ++index) {
        if (events[index].data.u32 == tag) serve(tag);
      }
    }
    for (int index = 0; index < count; ++index) {
      if (events[index].data.u32 >= kFirstPipe) serve_output(events[index].data.u32);
    }
  }
  return 0;
}

void Init::serve(std::uint32_t tag) noexcept {
  switch (tag) {
    case kControl:
      return serve_control();
    case kListener:
      return serve_listener();
    default:
      return serve_children();
  }
}

void Init::serve_listener() noexcept {
  auto connection = os::accept_connection(sandbox_.slots.get(plan::Slot::kListener));
  if (!connection) return;
  // Only the engine can reach the socket; a new one takes the place of the one before it.
  control_ = static_cast<os::UniqueFd&&>(*connection);
  std::ignore = os::set_nonblocking(control_.get());
  std::ignore = watch(control_.get(), kControl);
}

void Init::serve_control() noexcept {
  Message message{};
  auto received =
      os::receive_message(control_.get(), std::as_writable_bytes(std::span(&message, 1)));
  if (received ? received->bytes == 0 : os::is_disconnected(received.error())) {
    control_.reset();
    return;
  }
  if (!received || !is_whole(message, received->bytes)) return;
  switch (message.head.type) {
    case plan::MessageType::kStart:
      return start_another(*received, message.start);
    case plan::MessageType::kSignal:
      return signal_process(message.signal);
    case plan::MessageType::kAttach:
    case plan::MessageType::kStat:
      return report_state();
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
    return send_failed(order.process, unreadable);
  }
  const auto started = start_process(reader, order, 0);
  if (!started) send_failed(order.process, started.error());
}

void Init::signal_process(const plan::Signal& order) noexcept {
  const Process* process = order.process == 0 ? nullptr : processes_.find(order.process);
  // One that has just ended needs no signal.
  if (process != nullptr) {
    std::ignore = os::send_signal(process->child.pidfd.get(), order.signal);
  }
}

void Init::report_state() noexcept {
  const plan::StateEvent state{.head = head_of<plan::StateEvent>(plan::MessageType::kState),
                               .live = processes_.live(),
                               .reserved = 0};
  // An engine that is not init's parent holds on to it by this.
  const auto self = os::open_process(::getpid());
  const int pidfd = self ? self->get() : -1;
  send(bytes_of(state), std::span(&pidfd, self ? 1U : 0U));
  for (const Process& process : processes_.all()) {
    if (process.number != 0) send_started(process);
  }
}

void Init::serve_output(std::uint32_t tag) noexcept {
  const std::uint32_t pipe = tag - kFirstPipe;
  Process& process = processes_.all()[pipe / 2];
  Stream& stream = process.output.streams()[pipe % 2];
  std::ignore = process.output.move_chunk(stream);
  if (stream.ended) close_pipe(stream);
}

void Init::serve_children() noexcept {
  signalfd_siginfo pending[8];
  while (os::read_some(child_signals_.get(), std::as_writable_bytes(std::span(pending)))) {
  }
  for (;;) {
    const auto child = os::reap_any();
    if (child && child->pid == 0) return;
    if (!child) break;
    reaped(*child);
  }
  // ECHILD: nobody is left in the sandbox.
  if (leader_end_) {
    if (Process* leader = processes_.find(leader_)) {
      finish(*leader, leader_end_->wait_status, leader_end_->at);
    }
    quit_ = true;
  }
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
  if (sandbox_.kills_namespace) {
    std::ignore = os::call([] { return ::kill(-1, SIGKILL); });
  } else if (sandbox_.kill_file != plan::Slot::kNone) {
    static constexpr char kKill = '1';
    std::ignore = os::write_all(sandbox_.slots.get(sandbox_.kill_file),
                                {reinterpret_cast<const std::byte*>(&kKill), 1});
  } else if (Process* leader = processes_.find(leader_)) {
    // No way to kill from here: the engine does it once it knows.
    finish(*leader, leader_end_->wait_status, leader_end_->at);
  }
}

void Init::finish(Process& process, int wait_status, plan::WallClock at) noexcept {
  process.output.finish();
  auto& [out, err] = process.output.streams();
  close_pipe(out);
  close_pipe(err);
  record_exited(process, wait_status, at);
  const plan::ExitedEvent event{.head = head_of<plan::ExitedEvent>(plan::MessageType::kExited),
                                .process = process.number,
                                .wait_status = wait_status,
                                .at = at,
                                .stdout_bytes = out.size,
                                .stderr_bytes = err.size,
                                .lost_bytes = process.output.lost()};
  send(bytes_of(event), {});
  process = Process();
}

void Init::send_started(const Process& process) noexcept {
  int fds[3];
  std::size_t count = 0;
  std::uint32_t pipes = 0;
  for (std::uint32_t bit = 1; const Stream& stream : process.output.streams()) {
    if (stream.pipe) {
      fds[count++] = stream.pipe.get();
      pipes |= bit;
    }
    bit <<= 1;
  }
  if (process.output.event() >= 0) fds[count++] = process.output.event();
  const plan::StartedEvent event{.head = head_of<plan::StartedEvent>(plan::MessageType::kStarted),
                                 .process = process.number,
                                 .pid = process.child.pid,
                                 .at = wall_clock(),
                                 .began_ns = began_ns_,
                                 .built_ns = built_ns_,
                                 .spawned_ns = spawned_ns_,
                                 .pipes = pipes,
                                 .reserved = 0};
  send(bytes_of(event), std::span(fds).first(count));
}

void Init::send_failed(std::uint32_t process, const Failure& failure) noexcept {
  const plan::FailedEvent event{.head = head_of<plan::FailedEvent>(plan::MessageType::kFailed),
                                .process = process,
                                .step = failure.step,
                                .error = failure.error.value,
                                .op = failure.op,
                                .reserved = 0};
  send(bytes_of(event), {});
}

void Init::send(std::span<const std::byte> message, std::span<const int> fds) noexcept {
  // An engine that is gone or does not read finds everything in the records.
  if (control_) std::ignore = os::send_message(control_.get(), message, fds);
}

}  // namespace warren::init
