// SPDX-License-Identifier: Apache-2.0

#include "init/process.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <tuple>

#include "os/call.h"
#include "os/file.h"
#include "os/socket.h"

namespace warren::init {
namespace {

constexpr int kPipeBytes = 256 * 1024;
alignas(16) std::byte child_stack[64 * 1024];

// What the child leaves behind in the memory it shares with init.
struct Birth {
  Sandbox* sandbox;
  plan::Reader* reader;
  std::uint32_t index;
  std::optional<Failure> failure;
};

// The child's whole life before its program: perform the rest of the plan, whose last step
// executes.
int become_command(void* argument) {
  auto& birth = *static_cast<Birth*>(argument);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const auto done =
      perform_steps(*birth.sandbox, *birth.reader, birth.reader->remaining(), birth.index);
  birth.failure = done ? Failure{.step = birth.index, .op = plan::Op::kExecute, .error = {EINVAL}}
                       : done.error();
  return 125;
}

// A pipe that belongs to the command's user, so that it can open /dev/stdin and /dev/stdout again.
os::KernelResult<os::Pipe> open_pipe(const plan::StepView& step) noexcept {
  auto pipe = os::make_pipe();
  if (!pipe) return pipe;
  const auto uid = static_cast<uid_t>(step.a());
  const auto gid = static_cast<gid_t>(step.b());
  const auto given = os::call([&] { return ::fchown(pipe->read.get(), uid, gid); });
  if (!given) return std::unexpected(given.error());
  return pipe;
}

// Makes one pipe whose write end goes to `slot`.
os::KernelResult<> open_stream(Sandbox& sandbox, const plan::StepView& step, Stream& stream,
                               plan::Slot slot) noexcept {
  auto pipe = open_pipe(step);
  if (!pipe) return std::unexpected(pipe.error());
  const int read = pipe->read.get();
  // A smaller pipe is slower and nothing else: the user's share of pipe memory may be used up.
  std::ignore = os::call([&] { return ::fcntl(read, F_SETPIPE_SZ, kPipeBytes); });
  if (const auto done = os::set_nonblocking(read); !done) return done;
  sandbox.slots.put(slot, static_cast<os::UniqueFd&&>(pipe->write));
  stream.pipe = static_cast<os::UniqueFd&&>(pipe->read);
  return {};
}

// kOpenInput: init holds the write end until whoever is to write has it.
os::KernelResult<> open_input(Sandbox& sandbox, const plan::StepView& step,
                              Process& process) noexcept {
  auto pipe = open_pipe(step);
  if (!pipe) return std::unexpected(pipe.error());
  sandbox.slots.put(step.slot(), static_cast<os::UniqueFd&&>(pipe->read));
  process.input = static_cast<os::UniqueFd&&>(pipe->write);
  return {};
}

// kOpenPipes: with one slot, both streams of the command go into the first.
os::KernelResult<> open_pipes(Sandbox& sandbox, const plan::StepView& step,
                              Process& process) noexcept {
  auto& [out, err] = process.output.streams();
  out.name = LogStream::kStdout;
  err.name = LogStream::kStderr;
  out.file = sandbox.slots.take(plan::Slot::kStdoutLog);
  err.file = sandbox.slots.take(plan::Slot::kStderrLog);
  const auto opened = open_stream(sandbox, step, out, step.slot());
  if (!opened || step.other() == plan::Slot::kNone) return opened;
  return open_stream(sandbox, step, err, step.other());
}

void append(int file, plan::Record record) noexcept {
  record.magic = plan::kRecordMagic;
  record.crc = plan::checksum_of(record);
  // On a full disk the engine still learns it from the message, or from the pidfd of init.
  std::ignore = os::write_some(file, std::as_bytes(std::span(&record, 1)));
}

StepResult<> failed(std::uint32_t index, plan::Op op, os::Errno error) noexcept {
  return std::unexpected(Failure{.step = index, .op = op, .error = error});
}

}  // namespace

StepResult<> perform_steps(Sandbox& sandbox, plan::Reader& reader, std::uint32_t count,
                           std::uint32_t& index) noexcept {
  const plan::StepHead* head = nullptr;
  for (; count > 0; --count, ++index) {
    if (!reader.read(head)) return failed(index, plan::Op{}, os::Errno{EBADMSG});
    const plan::StepView step(head);
    if (const auto done = perform(sandbox, step); !done) {
      return failed(index, step.op(), done.error());
    }
  }
  return {};
}

namespace {

os::KernelResult<> perform_for(Process& process, Sandbox& sandbox,
                               const plan::StepView& step) noexcept {
  switch (step.op()) {
    case plan::Op::kOpenPipes:
      return open_pipes(sandbox, step, process);
    case plan::Op::kOpenInput:
      return open_input(sandbox, step, process);
    default:
      return perform(sandbox, step);
  }
}

// Performs what belongs to init itself: everything up to kSpawn. Returns that step.
StepResult<plan::StepView> prepare(Sandbox& sandbox, plan::Reader& reader, Process& process,
                                   std::uint32_t& index) noexcept {
  const plan::StepHead* head = nullptr;
  for (;; ++index) {
    if (!reader.read(head)) {
      return std::unexpected(Failure{.step = index, .op = plan::Op::kSpawn, .error = {EBADMSG}});
    }
    const plan::StepView step(head);
    if (step.op() == plan::Op::kSpawn) return step;
    if (const auto done = perform_for(process, sandbox, step); !done) {
      return std::unexpected(Failure{.step = index, .op = step.op(), .error = done.error()});
    }
  }
}

// The command's ends of its streams: it has copies of its own.
void close_streams(Sandbox& sandbox) noexcept {
  sandbox.slots.close(plan::Slot::kInput, 1);
  sandbox.slots.close(plan::Slot::kStdoutPipe, 2);
}

}  // namespace

StepResult<Process*> Processes::start(Sandbox& sandbox, plan::Reader& reader,
                                      const plan::Start& order, std::uint32_t index) noexcept {
  // First of all: what a refused order has brought must not be there for the next.
  Process fresh;
  fresh.record = sandbox.slots.take(plan::Slot::kRecord);
  fresh.output.open(sandbox.slots.take(plan::Slot::kIndex),
                    sandbox.slots.take(plan::Slot::kOutputEvent), order.log_limit);
  Process* process = find(0);
  if (process == nullptr || order.process == 0 || find(order.process) != nullptr) {
    close_streams(sandbox);
    sandbox.slots.close(plan::Slot::kStdoutLog, 2);
    return std::unexpected(Failure{.step = index, .op = plan::Op::kSpawn, .error = {EUSERS}});
  }
  *process = static_cast<Process&&>(fresh);

  const auto spawn = prepare(sandbox, reader, *process, index);
  std::optional<Failure> failure;
  if (!spawn) {
    failure = spawn.error();
  } else {
    Birth birth{.sandbox = &sandbox, .reader = &reader, .index = index + 1, .failure = {}};
    auto child = os::spawn({.flags = 0, .cgroup = sandbox.slots.get(spawn->slot())}, become_command,
                           &birth, child_stack);
    failure = birth.failure;
    if (child) {
      process->child = static_cast<os::Child&&>(*child);
    } else {
      failure = Failure{.step = index, .op = plan::Op::kSpawn, .error = child.error()};
    }
  }
  close_streams(sandbox);
  if (failure) {
    record_failed(process->record.get(), *failure);
    *process = Process();
    return std::unexpected(*failure);
  }
  process->number = order.process;
  record_started(*process);
  return process;
}

Process* Processes::find(std::uint32_t number) noexcept {
  for (Process& process : processes_) {
    if (process.number == number) return &process;
  }
  return nullptr;
}

Process* Processes::find_by_pid(pid_t pid) noexcept {
  for (Process& process : processes_) {
    if (process.number != 0 && process.child.pid == pid) return &process;
  }
  return nullptr;
}

std::uint32_t Processes::live() const noexcept {
  std::uint32_t count = 0;
  for (const Process& process : processes_) count += process.number != 0 ? 1 : 0;
  return count;
}

void record_started(Process& process) noexcept {
  plan::Record record{};
  record.type = plan::RecordType::kStarted;
  record.at = wall_clock();
  record.value = process.child.pid;
  append(process.record.get(), record);
}

void record_exited(Process& process, int wait_status, plan::WallClock at, plan::Op why) noexcept {
  const auto& [out, err] = process.output.streams();
  plan::Record record{};
  record.type = plan::RecordType::kExited;
  record.at = at;
  record.value = wait_status;
  record.stdout_bytes = out.size;
  record.stderr_bytes = err.size;
  record.lost_bytes = process.output.lost();
  record.op = static_cast<std::uint32_t>(why);
  append(process.record.get(), record);
}

void record_failed(int file, const Failure& failure) noexcept {
  plan::Record record{};
  record.type = plan::RecordType::kFailed;
  record.at = wall_clock();
  record.value = failure.error.value;
  record.step = failure.step;
  record.op = static_cast<std::uint32_t>(failure.op);
  append(file, record);
}

}  // namespace warren::init
