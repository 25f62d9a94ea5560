// SPDX-License-Identifier: Apache-2.0
//
// Jobs that end with their engine, however that ends.

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>

#include "tests/integration/await.h"
#include "tests/integration/init_talk.h"
#include "tests/integration/left_behind.h"

namespace warren::test {
namespace {

using ::testing::IsEmpty;

model::JobSpec ends_with_engine(model::Profile profile) {
  model::JobSpec spec = shell("trap '' TERM HUP; setsid tail -f /dev/null & echo ready; wait");
  spec.sandbox.profile = profile;
  spec.on_engine_exit = model::OnEngineExit::kKill;
  return spec;
}

class EngineGone : public ::testing::TestWithParam<model::Profile> {};

INSTANTIATE_TEST_SUITE_P(EachProfile, EngineGone,
                         ::testing::Values(model::Profile::kIsolated, model::Profile::kHost));

TEST_P(EngineGone, EndsTheJobAndInitAndRecordsWhy) {
  const auto directory = make_directory();
  Left left = leave_behind(directory, {ends_with_engine(GetParam())});
  await_death(left.inits[0]);  // Nobody but init itself has ended it.
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  EXPECT_TRUE(adopted[0].started);
  EXPECT_FALSE(adopted[0].running);
  const Outcome outcome = runner.finish(std::move(left.commands[0]));
  ASSERT_TRUE(outcome.ended.wait_status.has_value());
  EXPECT_EQ(WTERMSIG(*outcome.ended.wait_status), SIGKILL);
  EXPECT_EQ(outcome.ended.message, "it ended with the engine");
  EXPECT_EQ(outcome.out, "ready\n");
  EXPECT_THAT(traces_of(adopted[0].sandbox, directory), IsEmpty());
}

TEST_P(EngineGone, LeavesThoseAloneThatAreToBeKept) {
  const auto directory = make_directory();
  model::JobSpec kept = patient(7);
  kept.sandbox.profile = GetParam();
  Left left = leave_behind(directory, {ends_with_engine(GetParam()), kept});
  await_death(left.inits[0]);
  SandboxRunner runner(directory);
  const auto adopted = runner.adopt(left.commands);
  EXPECT_FALSE(adopted[0].running);
  ASSERT_TRUE(adopted[1].running);
  runner.signal(left.commands[1], SIGTERM);
  EXPECT_EQ(runner.finish(std::move(left.commands[1])).exit_code(), 7);
  std::ignore = runner.finish(std::move(left.commands[0]));
}

TEST(InitWithoutEngine, KeepsTheStatusOfACommandThatEndsByItself) {
  plan::LaunchPlan plan = plan_of_shell("read line; exit 3");
  plan.sandbox.push_back({.op = plan::Op::kEndWithEngine});
  InitPartner init(plan);
  const os::UniqueFd input = input_of(hear_started(init));
  write_to(input, "go\n");
  EXPECT_EQ(hear_exit(init), 3 << 8);
}

TEST(InitWithoutEngine, EndsWhereItsCommandWasNeverStarted) {
  plan::LaunchPlan plan = plan_of_shell("true");
  plan.sandbox.push_back({.op = plan::Op::kEndWithEngine});
  plan.process.clear();
  InitPartner init(plan);
  std::ignore = init.hear<Nothing>(plan::MessageType::kReady);
  init.hang_up();
  EXPECT_TRUE(eventually([&] { return state_of(init.pid()) == 'Z'; }));
}

}  // namespace
}  // namespace warren::test
