// SPDX-License-Identifier: Apache-2.0
//
// The launch path on the real kernel: plan, init, capture, records.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Launch : public ::testing::Test {
 protected:
  SandboxRunner runner_;
};

TEST_F(Launch, RunsACommandAndKeepsItsOutput) {
  const Outcome outcome = runner_.run_shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(outcome.started) << outcome.started.error().message;
  EXPECT_EQ(outcome.exit_code(), 7);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST_F(Launch, ReportsTheSignalThatEndedTheCommand) {
  const Outcome outcome = runner_.run_shell("kill -TERM $$");
  ASSERT_TRUE(outcome.ended.wait_status.has_value());
  ASSERT_TRUE(WIFSIGNALED(*outcome.ended.wait_status));
  EXPECT_EQ(WTERMSIG(*outcome.ended.wait_status), SIGTERM);
}

TEST_F(Launch, SaysWhichCommandIsMissing) {
  model::JobSpec spec;
  spec.process.argv = {"no-such-command"};
  const Outcome outcome = runner_.run(spec);
  EXPECT_FALSE(outcome.started);
  EXPECT_EQ(outcome.ended.failed_stage, "execute");
  EXPECT_EQ(outcome.exit_code(), 127);
  EXPECT_EQ(outcome.ended.message, "execute no-such-command: No such file or directory");
}

TEST_F(Launch, ShowsOnlyItsOwnProcesses) {
  const Outcome outcome = runner_.run_shell("ls /proc | grep -c '^[0-9]'; id -u; pwd; hostname");
  EXPECT_THAT(outcome.out, StartsWith("3\n0\n/work\n")) << outcome.err;
}

}  // namespace
}  // namespace warren::test
