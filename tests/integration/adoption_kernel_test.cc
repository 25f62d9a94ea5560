// SPDX-License-Identifier: Apache-2.0
//
// What a crashed engine leaves, the next one finds.

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "os/file.h"
#include "os/process.h"
#include "os/socket.h"
#include "provider/local/core_picker.h"
#include "tests/integration/await.h"
#include "tests/integration/left_behind.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

bool has_descriptor(pid_t pid, int fd) {
  std::error_code gone;
  return std::filesystem::is_symlink(fmt::format("/proc/{}/fd/{}", pid, fd), gone);
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
  Left left = leave_behind(directory, {bereaved(5)}, {.handover = Handover::kLater});
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
  Left left = leave_behind(directory, {bereaved(5)}, {.handover = Handover::kLater});
  SandboxRunner runner(directory);
  ASSERT_TRUE(runner.adopt(left.commands).at(0).running);
  runner.release_input(left.commands[0]);
  EXPECT_FALSE(runner.take_input(left.commands[0]).value());
  EXPECT_EQ(runner.finish(std::move(left.commands[0])).out, "late\n");
}

TEST(Adoption, BringsTheInputOfAnInitThatAnswersLate) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {bereaved(5)}, {.handover = Handover::kLater});
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
  const Left left =
      leave_behind(directory, {patient(1), patient(2), patient(3)}, {.nested = Nested::kYes});
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

TEST(Adoption, WaitsForAllThatDoNotAnswerAtOnce) {
  constexpr int kMany = 16;
  // One after the other they would take 80 s, together they take 5 s.
  constexpr std::chrono::seconds kDeadline{50};
  const auto directory = make_directory();
  std::vector<model::JobSpec> specs;
  for (int status = 0; status < kMany; ++status) specs.push_back(patient(status));
  Left left = leave_behind(directory, specs);
  for (const os::UniqueFd& init : left.inits) ASSERT_TRUE(os::send_signal(init.get(), SIGSTOP));
  SandboxRunner runner(directory);
  const auto begin = std::chrono::steady_clock::now();
  const auto adopted = runner.adopt(left.commands);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kDeadline);
  for (const os::UniqueFd& init : left.inits) ASSERT_TRUE(os::send_signal(init.get(), SIGCONT));
  ASSERT_THAT(adopted, SizeIs(kMany));
  for (std::size_t index = 0; index < adopted.size(); ++index) {
    EXPECT_TRUE(adopted[index].running);
    runner.signal(left.commands[index], SIGTERM);
    const Outcome outcome = runner.finish(std::move(left.commands[index]));
    EXPECT_EQ(outcome.exit_code(), static_cast<int>(index));
  }
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
