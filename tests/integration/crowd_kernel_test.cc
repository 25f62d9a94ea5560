// SPDX-License-Identifier: Apache-2.0
//
// Many at once: processes in a sandbox, sandboxes in a provider.

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <vector>

#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

TEST(Crowd, AnExitTakesAThousandChildrenWithIt) {
  SandboxRunner runner;
  const Outcome outcome = runner.run_shell(
      "i=0; while [ $i -lt 1000 ]; do tail -f /dev/null & i=$((i+1)); done;"
      "ls /proc | grep -c '^[0-9]'; exit 9");
  EXPECT_EQ(outcome.exit_code(), 9) << outcome.err;
  EXPECT_GE(std::stoi(outcome.out), 1000);
}

TEST(Crowd, AHundredSandboxesRunAtOnceAndEndAsTheyShould) {
  constexpr int kSandboxes = 100;
  SandboxRunner runner;
  std::vector<std::future<Running>> starting;
  for (int number = 0; number < kSandboxes; ++number) {
    model::JobSpec spec = shell(fmt::format("echo {0}; read line; exit {0}", number));
    spec.process.input = model::Input::kPipe;
    starting.push_back(runner.begin(spec));
  }
  std::vector<Running> running;
  for (auto& future : starting) running.push_back(future.get());
  // All of them live now; each ends once its input does.
  for (Running& one : running) {
    ASSERT_TRUE(one.started) << one.started.error().message;
    one.started->input.reset();
  }
  for (int number = 0; number < kSandboxes; ++number) {
    const Outcome outcome = runner.finish(std::move(running[static_cast<std::size_t>(number)]));
    EXPECT_EQ(outcome.exit_code(), number);
    EXPECT_EQ(outcome.out, std::to_string(number) + "\n");
  }
}

}  // namespace
}  // namespace warren::test
