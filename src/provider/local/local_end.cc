// SPDX-License-Identifier: Apache-2.0
//
// From init's messages to the observer, and the taking away of what was made.

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <tuple>

#include "os/call.h"
#include "os/context.h"
#include "provider/local/local_sandboxes.h"
#include "provider/local/pipe_drain.h"

namespace warren::provider {
namespace {

using std::chrono::microseconds;

// Far longer than the kernel takes to end a pid namespace, however full it is.
constexpr int kInitDeathMs = 20'000;
constexpr int kExitNotFound = 127;
constexpr int kExitNotExecutable = 126;

Timestamp to_timestamp(plan::WallClock at) {
  return Timestamp(microseconds(static_cast<std::int64_t>(at)));
}

Timestamp now() {
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

// The stages of this program, completed by those that init has told of.
StartStages completed(StartStages stages, const plan::StartedEvent& event) {
  const auto moment = [](std::uint64_t monotonic) {
    return Moment(std::chrono::nanoseconds(static_cast<std::int64_t>(monotonic)));
  };
  stages.began = moment(event.began_ns);
  stages.built = moment(event.built_ns);
  stages.spawned = moment(event.spawned_ns);
  stages.known = this_moment();
  return stages;
}

template <typename T>
std::optional<T> read_message(std::span<const std::byte> bytes) {
  if (bytes.size() != sizeof(T)) return std::nullopt;
  T message;
  std::memcpy(&message, bytes.data(), sizeof message);
  return message;
}

// "pivot-root: Invalid argument", or with the operands of the step where it has some.
std::string sentence(const plan::LaunchPlan& plan, const plan::Record& record) {
  const std::string reason = os::message(os::Errno{record.value});
  const auto op = static_cast<plan::Op>(record.op);
  if (op == plan::Op::kExecute && !plan.process.empty()) {
    const plan::Step& step = plan.process.back();
    const std::size_t candidates = step.texts.size() - step.a - step.b;
    return fmt::format("execute {}: {}", step.texts.at(candidates), reason);
  }
  const std::size_t index = record.step;
  if (index < plan.sandbox.size()) {
    return fmt::format("{}: {}", plan::to_text(plan.sandbox[index]), reason);
  }
  if (index - plan.sandbox.size() < plan.process.size()) {
    return fmt::format("{}: {}", plan::to_text(plan.process[index - plan.sandbox.size()]), reason);
  }
  return fmt::format("{}: {}", plan::name_of(op) != nullptr ? plan::name_of(op) : "plan", reason);
}

// Whether a layer is so close to its limit that it has refused a write: btrfs accounts in steps of
// its extents. An empty layer is not, however small its limit.
bool is_full(Bytes used, Bytes limit) {
  constexpr std::uint64_t kSlack = std::uint64_t{2} << 20;
  return used.value + std::min(kSlack, limit.value / 2) >= limit.value;
}

// What init has recorded on disk before it said so; here also where that disk was full.
plan::Record record_of(const plan::FailedEvent& event) {
  plan::Record record{};
  record.type = plan::RecordType::kFailed;
  record.at = static_cast<plan::WallClock>(now().time_since_epoch().count());
  record.value = event.error;
  record.step = event.step;
  record.op = static_cast<std::uint32_t>(event.op);
  return record;
}

plan::Record record_of(const plan::ExitedEvent& event) {
  plan::Record record{};
  record.type = plan::RecordType::kExited;
  record.at = event.at;
  record.value = event.wait_status;
  record.stdout_bytes = event.stdout_bytes;
  record.stderr_bytes = event.stderr_bytes;
  record.lost_bytes = event.lost_bytes;
  return record;
}

// As a shell reports a command that it could not execute; nothing for any other stage.
std::optional<int> shell_status(const plan::Record& record) {
  if (static_cast<plan::Op>(record.op) != plan::Op::kExecute) return std::nullopt;
  const bool missing = record.value == ENOENT || record.value == ENOTDIR;
  return (missing ? kExitNotFound : kExitNotExecutable) << 8;
}

Result<> wait_for_death(const os::Child& init) {
  if (!init.pidfd) return {};  // It was dead before this engine began.
  pollfd death{.fd = init.pidfd.get(), .events = POLLIN, .revents = 0};
  const int ready = WARREN_TRY(os::context(
      os::call_for<int>([&] { return ::poll(&death, 1, kInitDeathMs); }), "waiting for init"));
  if (ready == 0) return fail(Errc::kInternal, "init does not end");
  if (init.pid == 0) return {};  // Not our child.
  siginfo_t status{};
  const auto id = static_cast<id_t>(init.pidfd.get());
  // ECHILD: reaped before.
  std::ignore = os::call([&] { return ::waitid(P_PIDFD, id, &status, WEXITED); });
  return {};
}

}  // namespace

void LocalSandboxes::message(std::uint64_t number, std::span<const std::byte> message,
                             os::Received& received) {
  const SandboxPtr sandbox = find_number(number);
  const auto head = read_message<plan::MessageHead>(message.first(sizeof(plan::MessageHead)));
  if (!sandbox || !head) return;
  if (!plan::is_driven(head->version)) {
    spdlog::error("{}", foreign_init(*sandbox, head->version).message);
    return;
  }
  if (head->type == plan::MessageType::kState && received.descriptors == 1) {
    sandbox->init.pidfd = std::move(received.fds[0]);  // An answer to adopt() that came late.
    return;
  }
  if (head->type == plan::MessageType::kDialed) {
    const auto event = read_message<plan::DialedEvent>(message);
    if (event) has_dialed(*sandbox, *event, received);
    return;
  }
  if (head->type == plan::MessageType::kStarted) {
    if (const auto event = read_message<plan::StartedEvent>(message)) {
      has_started(*sandbox, *event, received);
    }
  } else if (sandbox->has_ended) {
    return;
  } else if (head->type == plan::MessageType::kFailed) {
    if (const auto event = read_message<plan::FailedEvent>(message)) {
      has_failed(*sandbox, record_of(*event));
    }
  } else if (head->type == plan::MessageType::kExited) {
    if (const auto event = read_message<plan::ExitedEvent>(message)) {
      has_exited(*sandbox, record_of(*event));
    }
  }
}

void LocalSandboxes::has_started(LiveSandbox& sandbox, const plan::StartedEvent& event,
                                 os::Received& received) {
  std::size_t pipes = 0;
  for (std::size_t stream = 0; stream < sandbox.pipes.size(); ++stream) {
    if ((event.pipes >> stream & 1) != 0) sandbox.pipes[stream] = std::move(received.fds[pipes++]);
  }
  os::UniqueFd input;
  if ((event.pipes & plan::kInputPipe) != 0) input = std::move(received.fds[pipes++]);
  {
    const std::lock_guard lock(mutex_);
    sandbox.command = event.pid;
    if (!sandbox.output_event) sandbox.output_event = std::move(received.fds[pipes]);
  }
  sandbox.plan = {};  // None of its steps can fail any more.
  if (!sandbox.on_started) return has_input(sandbox, std::move(input));
  {
    const std::lock_guard lock(mutex_);
    sandbox.input = input ? Input::kHeld : Input::kNone;
  }
  Started started{.at = to_timestamp(event.at),
                  .input = std::move(input),
                  .stages = completed(sandbox.stages, event)};
  std::exchange(sandbox.on_started, {})(std::move(started));
}

void LocalSandboxes::gone(std::uint64_t number) {
  const SandboxPtr sandbox = find_number(number);
  if (!sandbox) return;
  if (!sandbox->has_ended) report_from_records(*sandbox);
  end_talk(*sandbox);
  // The socket may close now: until here its number must not become another one's.
  const std::lock_guard lock(mutex_);
  by_number_.erase(number);
}

void LocalSandboxes::report_from_records(LiveSandbox& sandbox) {
  if (sandbox.has_ended) return;
  const auto records = parts_.logs.records(sandbox.process);
  if (records) {
    for (const plan::Record& record : *records) {
      if (record.type == plan::RecordType::kFailed) return has_failed(sandbox, record);
      if (record.type == plan::RecordType::kExited) return has_exited(sandbox, record);
    }
  }
  // Init died without a word. In the host profile its processes live on without it.
  std::ignore = parts_.cgroups->kill(sandbox.group);
  std::ignore = os::send_signal(sandbox.init.pidfd.get(), SIGKILL);
  std::ignore = wait_for_death(sandbox.init);
  Ended how;
  how.at = now();
  how.message = "the sandbox's init died";
  drain_pipes(sandbox, how);
  report(sandbox, std::move(how));
  if (sandbox.on_started) {
    std::exchange(sandbox.on_started, {})(fail(Errc::kInternal, "the sandbox's init died"));
  }
}

void LocalSandboxes::has_failed(LiveSandbox& sandbox, const plan::Record& record) {
  Ended how;
  how.at = to_timestamp(record.at);
  const char* stage = plan::name_of(static_cast<plan::Op>(record.op));
  how.failed_stage = stage != nullptr ? stage : "plan";
  how.message = sentence(sandbox.plan, record);
  how.wait_status = shell_status(record);
  const std::string message = how.message;
  report(sandbox, std::move(how));
  if (sandbox.on_started) {
    std::exchange(sandbox.on_started, {})(fail(Errc::kInternal, "{}", message));
  }
}

void LocalSandboxes::has_exited(LiveSandbox& sandbox, const plan::Record& record) {
  Ended how;
  how.at = to_timestamp(record.at);
  how.wait_status = record.value;
  const bool ended_with_engine = static_cast<plan::Op>(record.op) == plan::Op::kEndWithEngine;
  if (ended_with_engine && WIFSIGNALED(record.value)) how.message = "it ended with the engine";
  how.stdout_bytes = Bytes{record.stdout_bytes};
  how.stderr_bytes = Bytes{record.stderr_bytes};
  how.lost_bytes = Bytes{record.lost_bytes};
  if (sandbox.on_started) {
    std::exchange(sandbox.on_started, {})(Started{.at = how.at, .input = {}});
  }
  report(sandbox, std::move(how));
}

void LocalSandboxes::report(LiveSandbox& sandbox, Ended how) {
  sandbox.has_ended = true;
  how.process = sandbox.process;
  const std::string& name = sandbox.group;
  if (const auto usage = parts_.cgroups->usage(name)) how.usage = *usage;
  if (const auto events = parts_.cgroups->events(name)) how.out_of_memory = events->oom_kills > 0;
  if (sandbox.disk_limit) {
    const auto used = parts_.pool->usage(sandbox.id);
    how.out_of_disk = used && is_full(*used, *sandbox.disk_limit);
  }
  observer_->ended(std::move(how));
}

// What the command had written and init had not yet read. The engine holds the pipes' other
// descriptors for this alone.
void LocalSandboxes::drain_pipes(LiveSandbox& sandbox, Ended& how) {
  const auto files = parts_.logs.reopen(sandbox.process);
  if (!files) return;
  const auto& [out, err] = sandbox.pipes;
  const int index = files->index.get();
  const DrainTarget to_out{
      .file = files->stdout_file.get(), .index = index, .stream = LogStream::kStdout};
  const DrainTarget to_err{
      .file = files->stderr_file.get(), .index = index, .stream = LogStream::kStderr};
  LogRoom room = room_in(sandbox.log_limit, to_out, to_err);
  const Drained from_out = drain_pipe(out.get(), to_out, room);
  const Drained from_err = drain_pipe(err.get(), to_err, room);
  how.stdout_bytes = from_out.size;
  how.stderr_bytes = from_err.size;
  how.lost_bytes = Bytes{from_out.lost.value + from_err.lost.value};
}

void LocalSandboxes::destroy(const NodeId& id, Done<> done) {
  SandboxPtr sandbox = find(id);
  // Whatever is left of it is named by its id.
  if (!sandbox) sandbox = add(id, NodeId(), id.to_text());
  cleaner_->post(
      [this, sandbox, done = std::move(done)]() mutable { done(remove_everything(*sandbox)); });
}

Result<> LocalSandboxes::remove_everything(LiveSandbox& sandbox) {
  const std::string& name = sandbox.group;
  if (sandbox.init.pidfd) {
    // Usually it has ended by itself.
    std::ignore = os::send_signal(sandbox.init.pidfd.get(), SIGKILL);
    WARREN_TRY(wait_for_death(sandbox.init));
  }
  const auto populated = parts_.cgroups->is_populated(name);
  if (populated && *populated) WARREN_TRY(parts_.cgroups->kill(name));
  WARREN_TRY(parts_.cgroups->remove(name));
  WARREN_TRY(parts_.pool->remove(sandbox.id));
  parts_.sockets.remove(sandbox.id);
  cores_.release(std::exchange(sandbox.cores, {}));
  release_range(sandbox.id);
  forget(sandbox);
  return {};
}

}  // namespace warren::provider
