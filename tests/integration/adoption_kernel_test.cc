// SPDX-License-Identifier: Apache-2.0
//
// What a crashed engine leaves, the next one finds.

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "provider/local/core_picker.h"
#include "tests/integration/await.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string to_line(const Running& running) {
  return running.sandbox.to_text() + " " + running.process.to_text() + " " + running.footprint +
         "\n";
}

std::vector<Running> from_lines(const std::string& text) {
  std::vector<Running> left;
  std::istringstream lines(text);
  for (std::string sandbox, process, footprint; lines >> sandbox >> process >> footprint;) {
    left.push_back({.sandbox = NodeId::parse(sandbox).value(),
                    .process = NodeId::parse(process).value(),
                    .footprint = footprint,
                    .started = {}});
  }
  return left;
}

enum class Nested : bool { kNo, kYes };  // Each sandbox within the one before it.

// A process with a provider on `directory` that starts `specs`, tells the parent and waits for its
// violent end.
[[noreturn]] void be_an_engine(const std::filesystem::path& directory,
                               const std::vector<model::JobSpec>& specs, Nested nested,
                               Handover handover, const os::Pipe& pipe) {
  SandboxRunner runner(directory);
  std::vector<Running> running;
  std::vector<NodeId> ancestors;
  for (const model::JobSpec& spec : specs) {
    running.push_back(runner.start(spec, ancestors, handover));
    if (nested == Nested::kYes) ancestors.push_back(running.back().sandbox);
    if (!running.back().started) ::_exit(1);
    if (spec.process.input == model::Input::kNull) {
      std::ignore = runner.await_output(running.back(), "ready\n");
    }
    const std::string line = to_line(running.back());
    if (!os::write_all(pipe.write.get(), std::as_bytes(std::span(line)))) ::_exit(1);
  }
  const std::string end = ".\n";
  std::ignore = os::write_all(pipe.write.get(), std::as_bytes(std::span(end)));
  for (;;) ::pause();
}

// Waits for the end of an init whose engine is dead, and reaps it.
void await_death(const os::UniqueFd& init) {
  pollfd end{.fd = init.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&end, 1, 20'000), 1) << "it does not end";
  siginfo_t status{};
  ::waitid(P_PIDFD, static_cast<id_t>(init.get()), &status, WEXITED);
}

struct Left {
  Left() = default;
  Left(Left&&) = default;
  ~Left() {
    for (const os::UniqueFd& init : inits) await_death(init);
  }

  std::vector<Running> commands;
  std::vector<os::UniqueFd> inits;  // In the same order.
};

// Starts `specs` in an engine that is then killed without warning.
Left leave_behind(const std::filesystem::path& directory, const std::vector<model::JobSpec>& specs,
                  Nested nested = Nested::kNo, Handover handover = Handover::kAtOnce) {
  EXPECT_TRUE(os::become_subreaper());  // The inits become children of this process.
  os::Pipe pipe = os::make_pipe().value();
  const pid_t engine = ::fork();  // This process has no other threads yet.
  if (engine == 0) be_an_engine(directory, specs, nested, handover, pipe);
  pipe.write.reset();
  std::string told;
  std::array<char, 4096> buffer;
  while (!told.ends_with(".\n")) {
    const auto count =
        os::read_some(pipe.read.get(), std::as_writable_bytes(std::span(buffer))).value_or(0);
    if (count == 0) break;
    told.append(buffer.data(), count);
  }
  EXPECT_THAT(told, ::testing::EndsWith(".\n"));
  Left left;
  left.commands = from_lines(told.substr(0, told.size() - 2));
  for (const pid_t init : inits_of(engine)) left.inits.push_back(os::open_process(init).value());
  EXPECT_EQ(left.commands.size(), specs.size());
  EXPECT_EQ(left.inits.size(), specs.size());
  ::kill(engine, SIGKILL);
  ::waitpid(engine, nullptr, 0);
  return left;
}

bool has_descriptor(pid_t pid, int fd) {
  std::error_code gone;
  return std::filesystem::is_symlink(fmt::format("/proc/{}/fd/{}", pid, fd), gone);
}

// Runs until SIGTERM, then exits with `code`.
model::JobSpec patient(int code) {
  return shell(fmt::format(
      "trap 'echo caught; exit {}' TERM; tail -f /dev/null & echo ready; wait; exit 99", code));
}

// Runs until its engine is gone, then writes something and exits with `code`.
model::JobSpec bereaved(int code) {
  model::JobSpec spec = shell(fmt::format("cat; echo late; exit {}", code));
  spec.process.input = model::Input::kPipe;
  return spec;
}

// Adds the paths below `directory` whose names contain `name`, but for logs, which are kept.
// Directories may come and go meanwhile.
void find_named(const std::filesystem::path& directory, const std::string& name,
                std::vector<std::string>& found) {
  std::error_code gone;
  std::filesystem::directory_iterator entries(directory, gone);
  for (; !gone && entries != end(entries); entries.increment(gone)) {
    const std::filesystem::path path = entries->path();
    if (path.filename() == "logs") continue;
    if (path.filename().string().contains(name)) found.push_back(path.string());
    std::error_code unknown;
    if (entries->is_directory(unknown) && !entries->is_symlink(unknown)) {
      find_named(path, name, found);
    }
  }
}

// What is left on this host of a sandbox: cgroups, layers and sockets, all named by its id.
std::vector<std::string> traces_of(const NodeId& sandbox, const std::filesystem::path& directory) {
  std::vector<std::string> traces;
  find_named("/sys/fs/cgroup", sandbox.to_text(), traces);
  find_named(directory, sandbox.to_text(), traces);
  return traces;
}

TEST(Adoption, RunningOnesRunOnAndEndWithTheirOwnStatus) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {patient(7), patient(8)});
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  ASSERT_THAT(adopted, SizeIs(2));
  for (std::size_t index = 0; index < adopted.size(); ++index) {
    EXPECT_TRUE(adopted[index].running);
    EXPECT_TRUE(adopted[index].started);
    EXPECT_TRUE(adopted[index].started_at.has_value());
    runner.signal(left.commands[index], SIGTERM);
    const Outcome outcome = runner.finish(std::move(left.commands[index]));
    EXPECT_EQ(outcome.exit_code(), static_cast<int>(index) + 7);
    EXPECT_EQ(outcome.out, "ready\ncaught\n");
    EXPECT_THAT(traces_of(adopted[index].sandbox, directory), IsEmpty());
  }
}

TEST(Adoption, ReportsTheEndsOfThoseThatEndedMeanwhile) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {bereaved(5), patient(6)});
  await_death(left.inits[0]);
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  EXPECT_TRUE(adopted[0].started);
  EXPECT_FALSE(adopted[0].running);
  const Outcome ended = runner.finish(std::move(left.commands[0]));
  EXPECT_EQ(ended.exit_code(), 5);
  EXPECT_EQ(ended.out, "late\n");
  runner.signal(left.commands[1], SIGTERM);
  EXPECT_EQ(runner.finish(std::move(left.commands[1])).exit_code(), 6);
}

TEST(Adoption, BringsTheInputThatNobodyHasTaken) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {bereaved(5)}, Nested::kNo, Handover::kLater);
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  os::UniqueFd input = runner.take_input(left.commands[0]).value();
  ASSERT_TRUE(input);
  const std::string text = "kept\n";
  ASSERT_TRUE(os::write_all(input.get(), std::as_bytes(std::span(text))));
  runner.release_input(left.commands[0]);
  EXPECT_FALSE(runner.take_input(left.commands[0]).value());
  input.reset();
  const Outcome outcome = runner.finish(std::move(left.commands[0]));
  EXPECT_EQ(outcome.exit_code(), 5);
  EXPECT_EQ(outcome.out, "kept\nlate\n");
}

TEST(Adoption, EndsAnInputThatNobodyWillHave) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {bereaved(5)}, Nested::kNo, Handover::kLater);
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  runner.release_input(left.commands[0]);
  EXPECT_FALSE(runner.take_input(left.commands[0]).value());
  EXPECT_EQ(runner.finish(std::move(left.commands[0])).out, "late\n");
}

TEST(Adoption, BringsTheInputOfAnInitThatAnswersLate) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {bereaved(5)}, Nested::kNo, Handover::kLater);
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGSTOP));
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGCONT));
  EXPECT_TRUE(runner.take_input(left.commands[0]).value());
  runner.release_input(left.commands[0]);
  EXPECT_EQ(runner.finish(std::move(left.commands[0])).exit_code(), 5);
}

TEST(Adoption, ReportsAnInitThatWasKilledMeanwhile) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {patient(1)});
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGKILL));
  await_death(left.inits[0]);
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  EXPECT_TRUE(adopted[0].started);
  EXPECT_FALSE(adopted[0].running);
  const Outcome outcome = runner.finish(std::move(left.commands[0]));
  EXPECT_EQ(outcome.ended.wait_status, std::nullopt);
  EXPECT_EQ(outcome.out, "ready\n");
  EXPECT_EQ(outcome.ended.stdout_bytes, Bytes{6});
}

TEST(Adoption, TellsTheStreamsApartWhenOneOfThemIsClosed) {
  const auto directory = make_directory();
  Left left = leave_behind(
      directory, {shell("trap 'echo late >&2; exit 0' TERM; echo ready; exec >&-; sleep 1000 & "
                        "wait")});
  const pid_t init = inits_of(::getpid()).at(0);
  const pid_t command = children_of(init).at(0);
  // Once it is closed, init takes note of it before it answers anybody.
  ASSERT_TRUE(eventually([&] { return !has_descriptor(command, STDOUT_FILENO); }));
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGSTOP));
  runner.signal(left.commands[0], SIGTERM);
  ASSERT_TRUE(eventually([&] { return state_of(command) == 'Z'; }));
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGKILL));
  const Outcome outcome = runner.finish(std::move(left.commands[0]));
  EXPECT_EQ(outcome.out, "ready\n");
  EXPECT_EQ(outcome.err, "late\n");
}

TEST(Adoption, SweepsWhatNobodyClaims) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {patient(1), patient(2)});
  const Running forgotten = std::move(left.commands.back());
  left.commands.pop_back();
  ASSERT_THAT(traces_of(forgotten.sandbox, directory), Not(IsEmpty()));
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  ASSERT_THAT(adopted, SizeIs(1));
  EXPECT_TRUE(adopted[0].running);
  EXPECT_THAT(traces_of(forgotten.sandbox, directory), IsEmpty());
  await_death(left.inits[1]);
  runner.signal(left.commands[0], SIGTERM);
  EXPECT_EQ(runner.finish(std::move(left.commands[0])).exit_code(), 1);
}

TEST(Adoption, SweepsNestedSandboxes) {
  const auto directory = make_directory();
  const Left left = leave_behind(directory, {patient(1), patient(2), patient(3)}, Nested::kYes);
  SandboxRunner runner(directory);
  EXPECT_THAT(runner.adopt({}), IsEmpty());
  for (const Running& running : left.commands) {
    EXPECT_THAT(traces_of(running.sandbox, directory), IsEmpty());
  }
}

TEST(Adoption, WaitsForAnInitThatAnswersLate) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {patient(7)});
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGSTOP));
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  EXPECT_TRUE(adopted[0].running);
  EXPECT_TRUE(adopted[0].started);
  ASSERT_TRUE(os::send_signal(left.inits[0].get(), SIGCONT));
  runner.signal(left.commands[0], SIGTERM);
  const Outcome outcome = runner.finish(std::move(left.commands[0]));
  EXPECT_EQ(outcome.exit_code(), 7);
  EXPECT_EQ(outcome.out, "ready\ncaught\n");
}

// May use half a core, tells which, and is then ready.
model::JobSpec half_a_core(model::Profile profile) {
  model::JobSpec spec = shell(
      "trap 'exit 0' TERM; grep Cpus_allowed_list /proc/self/status; tail -f /dev/null & "
      "echo ready; wait");
  spec.sandbox.profile = profile;
  spec.sandbox.limits.cpu_percent = 50;
  return spec;
}

TEST(Adoption, CountsTheCoresToWhichCommandsAreBound) {
  if (provider::own_cores().size() < 2) GTEST_SKIP() << "there is one core for all";
  const auto directory = make_directory();
  for (const model::Profile profile : {model::Profile::kIsolated, model::Profile::kHost}) {
    std::filesystem::create_directory(directory);
    Left left = leave_behind(directory, {half_a_core(profile)});
    SandboxRunner runner(directory);
    ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
    // A second one would be given the same core, were the first one's forgotten.
    Running second = runner.start(half_a_core(profile));
    const std::string first_cores = runner.await_output(left.commands[0], "ready\n");
    const std::string second_cores = runner.await_output(second, "ready\n");
    EXPECT_NE(first_cores, second_cores);
    // And once it has ended, its core is as good as any other.
    runner.signal(left.commands[0], SIGTERM);
    EXPECT_EQ(runner.finish(std::move(left.commands[0])).exit_code(), 0);
    Running third = runner.start(half_a_core(profile));
    EXPECT_EQ(runner.await_output(third, "ready\n"), first_cores);
    for (Running* running : {&second, &third}) {
      runner.signal(*running, SIGTERM);
      std::ignore = runner.finish(std::move(*running));
    }
  }
}

TEST(Adoption, KnowsWhatWasNeverStarted) {
  SandboxRunner runner;
  const std::vector<Running> left =
      from_lines("0198c2f0-0000-7000-8000-000000000001 0198c2f0-0000-7000-8000-000000000002 host");
  const auto adopted = runner.adopt(left);
  EXPECT_FALSE(adopted[0].started);
  EXPECT_FALSE(adopted[0].running);
}

}  // namespace
}  // namespace warren::test
