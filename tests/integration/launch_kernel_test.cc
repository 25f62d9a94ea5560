// SPDX-License-Identifier: Apache-2.0
//
// The launch path on the real kernel: what a command finds, and what is said when it cannot start.

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <thread>

#include "os/file.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Launch : public ::testing::Test {
 protected:
  // Runs `script` and expects it to succeed.
  std::string output_of(const std::string& script) { return output_of(shell(script)); }
  std::string output_of(const model::JobSpec& spec) {
    const Outcome outcome = runner_.run(spec);
    EXPECT_EQ(outcome.exit_code(), 0) << outcome.ended.message << outcome.err;
    return outcome.out;
  }

  SandboxRunner runner_;
};

TEST_F(Launch, RunsACommandAndKeepsItsOutput) {
  const Outcome outcome = runner_.run_shell("echo out; echo err >&2; exit 7");
  ASSERT_TRUE(outcome.started) << outcome.started.error().message;
  EXPECT_EQ(outcome.exit_code(), 7);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_EQ(outcome.ended.stdout_bytes, Bytes{4});
  EXPECT_EQ(outcome.ended.stderr_bytes, Bytes{4});
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

TEST_F(Launch, SaysWhichCommandCannotBeExecuted) {
  model::JobSpec spec;
  spec.process.argv = {"/etc/passwd"};
  const Outcome outcome = runner_.run(spec);
  EXPECT_FALSE(outcome.started);
  EXPECT_EQ(outcome.exit_code(), 126);
  EXPECT_EQ(outcome.ended.message, "execute /etc/passwd: Permission denied");
}

TEST_F(Launch, SaysWhichDirectoryIsMissing) {
  model::JobSpec spec = shell("true");
  spec.process.workdir = "/no/such/place";
  const Outcome outcome = runner_.run(spec);
  EXPECT_FALSE(outcome.started);
  EXPECT_EQ(outcome.ended.failed_stage, "change-directory");
  EXPECT_EQ(outcome.ended.message, "change-directory /no/such/place: No such file or directory");
  EXPECT_EQ(outcome.ended.wait_status, std::nullopt);
}

TEST_F(Launch, PassesArgumentsByteForByte) {
  std::string odd;
  for (int byte = 1; byte < 256; ++byte) odd += static_cast<char>(byte);
  model::JobSpec spec;
  spec.process.argv = {"/usr/bin/printf", "%s|", odd, "", " two  words ", "\n"};
  EXPECT_EQ(output_of(spec), odd + "|| two  words |\n|");
}

TEST_F(Launch, PassesALargeEnvironment) {
  constexpr int kVariables = 300;
  model::JobSpec spec;
  spec.process.argv = {"/usr/bin/env"};
  for (int number = 0; number < kVariables; ++number) {
    spec.process.env["V" + std::to_string(number)] = std::string(1000, 'v');
  }
  const std::string output = output_of(spec);
  EXPECT_GE(output.size(), 300'000U);
  EXPECT_THAT(output, AllOf(HasSubstr("V299=vvv"), HasSubstr("HOME=/root\n")));
}

TEST_F(Launch, LetsNothingOfTheEngineThrough) {
  ::setenv("WARREN_TEST_SECRET", "hunter2", 1);
  struct sigaction ignored {};
  ignored.sa_handler = SIG_IGN;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGPIPE, &ignored, &before), 0);
  const std::string output = output_of(
      "env; ls /proc/self/fd; grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; umask; "
      "cat /proc/self/oom_score_adj");
  ::sigaction(SIGPIPE, &before, nullptr);
  ::unsetenv("WARREN_TEST_SECRET");
  EXPECT_THAT(output, Not(HasSubstr("hunter2")));
  EXPECT_THAT(output, HasSubstr("\n0\n1\n2\n3\n"));  // 3 is what ls has opened.
  EXPECT_THAT(output, Not(HasSubstr("\n4\n")));
  EXPECT_THAT(output, HasSubstr("SigBlk:\t0000000000000000\n"));
  EXPECT_THAT(output, HasSubstr("SigIgn:\t0000000000000000\n"));
  EXPECT_THAT(output, HasSubstr("\n0022\n"));
}

TEST_F(Launch, GivesTheCommandASessionAndASmallProcessIdOfItsOwn) {
  EXPECT_EQ(output_of("read pid rest < /proc/self/stat; echo $$; cut -d' ' -f4,6 /proc/$$/stat"),
            "2\n1 2\n");
}

TEST_F(Launch, ShowsOnlyItsOwnProcesses) {
  EXPECT_THAT(output_of("ls /proc | grep -c '^[0-9]'; id -u; pwd"), StartsWith("3\n0\n/work\n"));
}

TEST_F(Launch, NamesTheHostAfterTheJob) {
  model::JobSpec spec = shell("hostname");
  spec.name = "render-7";
  EXPECT_EQ(output_of(spec), "render-7\n");
  EXPECT_THAT(output_of("hostname"), ContainsRegex("^[0-9a-f]{12}\n$"));
}

TEST_F(Launch, HasDevicesThatWork) {
  EXPECT_EQ(output_of("echo gone > /dev/null; cat /dev/null;"
                      "head -c 4 /dev/zero | od -An -tx1;"
                      "head -c 8 /dev/urandom | wc -c; head -c 8 /dev/random | wc -c;"
                      "echo full 2>/dev/null > /dev/full || echo refused;"
                      "echo through > /dev/stdout; echo shared > /dev/shm/x; cat /dev/shm/x;"
                      "test -c /dev/tty; test -c /dev/ptmx; echo $?"),
            " 00 00 00 00\n8\n8\nrefused\nthrough\nshared\n0\n");
}

TEST_F(Launch, ShowsNoPathOfTheHostInItsMounts) {
  const std::string mounts = output_of("cat /proc/self/mountinfo");
  EXPECT_THAT(mounts, Not(HasSubstr(runner_.directory().string())));
  EXPECT_THAT(mounts, Not(HasSubstr(" /mnt ")));
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, place, options;
    fields >> id >> parent >> device >> root >> place >> options;
    if (place == "/usr") {
      EXPECT_THAT(options, StartsWith("ro")) << line;
    } else {
      // Masks and read-only parts show where in their own file system they come from.
      const bool is_inside = root == "/" || place.starts_with("/proc/") ||
                             place.starts_with("/sys/") || place.starts_with("/usr/");
      EXPECT_TRUE(is_inside) << line;
    }
  }
}

TEST_F(Launch, FeedsStandardInputUpToItsEnd) {
  model::JobSpec spec = shell("cat; echo end");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const std::string text(100'000, 'x');
  std::thread writer([&text, input = std::move(running.started->input)] {
    EXPECT_TRUE(os::write_all(input.get(), std::as_bytes(std::span(text))));
  });
  const Outcome outcome = runner_.finish(std::move(running));
  writer.join();
  EXPECT_EQ(outcome.out, text + "end\n");
}

TEST_F(Launch, TellsWhenEachStageOfAStartWasOver) {
  const provider::Moment asked = provider::this_moment();
  const Outcome outcome = runner_.run_shell("true");
  ASSERT_TRUE(outcome.started) << outcome.started.error().message;
  ASSERT_TRUE(outcome.started->stages.has_value());
  const provider::StartStages& stages = *outcome.started->stages;
  const std::array moments{
      asked,        stages.taken, stages.prepared, stages.launching, stages.cloning,
      stages.began, stages.built, stages.spawned,  stages.known,     provider::this_moment()};
  // Each stage makes system calls: none of them takes no time at all.
  EXPECT_EQ(std::ranges::adjacent_find(moments, std::greater_equal()), moments.end());
}

TEST_F(Launch, ReadsNothingWithoutAnInput) {
  EXPECT_EQ(output_of("cat; echo end"), "end\n");
}

TEST_F(Launch, TellsTheTruthAboutItsProcessors) {
  cpu_set_t own;
  ASSERT_EQ(::sched_getaffinity(0, sizeof own, &own), 0);
  EXPECT_EQ(output_of("nproc"), std::to_string(CPU_COUNT(&own)) + "\n");

  model::JobSpec half = shell("nproc; taskset -p $$ | wc -l");
  half.sandbox.limits.cpu_percent = 50;
  EXPECT_EQ(output_of(half), "1\n1\n");

  std::uint32_t last = CPU_SETSIZE - 1;
  while (!CPU_ISSET(last, &own)) --last;
  model::JobSpec bound = shell("nproc; grep Cpus_allowed_list /proc/self/status");
  bound.sandbox.limits.cores.cores = {last};
  EXPECT_EQ(output_of(bound), "1\nCpus_allowed_list:\t" + std::to_string(last) + "\n");
}

// Init dies before it can say anything: nobody may wait for ever.
TEST(LaunchOfABrokenPlan, FailsWhenInitDiesOnTheWay) {
  SandboxRunner runner([](plan::LaunchPlan& plan) {
    const std::uint64_t kill_always[] = {0x8000000000000006};  // BPF_RET | BPF_K, KILL_PROCESS
    const auto filter = std::as_bytes(std::span(kill_always));
    plan.sandbox.insert(plan.sandbox.begin(),
                        {.op = plan::Op::kSeccomp, .data = {filter.begin(), filter.end()}});
  });
  const Outcome outcome = runner.run_shell("true");
  ASSERT_FALSE(outcome.started);
  EXPECT_THAT(outcome.started.error().message, HasSubstr("init died"));
  EXPECT_EQ(outcome.ended.wait_status, std::nullopt);
}

TEST(LaunchOfABrokenPlan, SaysWhichStepFailed) {
  SandboxRunner runner([](plan::LaunchPlan& plan) {
    plan.sandbox.insert(plan.sandbox.begin() + 1,
                        {.op = plan::Op::kAttach, .slot = plan::Slot::kPool, .texts = {"/none"}});
  });
  const Outcome outcome = runner.run_shell("true");
  EXPECT_FALSE(outcome.started);
  EXPECT_EQ(outcome.ended.failed_stage, "attach");
  EXPECT_EQ(outcome.ended.message, "attach pool /none: No such file or directory");
}

}  // namespace
}  // namespace warren::test
