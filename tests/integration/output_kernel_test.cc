// SPDX-License-Identifier: Apache-2.0
//
// Capture on the real kernel: every byte, whoever dies.

#include <gmock/gmock.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <tuple>
#include <vector>

#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Whether every process that holds the read end of `input` is gone.
bool is_everybody_gone(const os::UniqueFd& input) {
  pollfd end{.fd = input.get(), .events = 0, .revents = 0};
  return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
}

// Both streams, put together from the index; what it does not know of is missing.
struct Replay {
  std::string out;
  std::string err;
  std::uint64_t lost = 0;
};
Replay replay(const std::vector<LogRecord>& index, const Outcome& outcome) {
  Replay replayed;
  for (const LogRecord& record : index) {
    EXPECT_TRUE(is_valid(record));
    const bool is_out = record.stream == LogStream::kStdout;
    if (record.kind == LogRecordKind::kLost) {
      replayed.lost += record.length;
    } else {
      (is_out ? replayed.out : replayed.err) +=
          (is_out ? outcome.out : outcome.err).substr(record.offset, record.length);
    }
  }
  return replayed;
}

// As many lines as it takes for at least `bytes`, each told from all others.
std::string numbered_lines(std::size_t bytes) {
  std::string text;
  text.reserve(bytes + 16);
  for (int number = 0; text.size() < bytes; ++number) text += fmt::format("{:09}\n", number);
  return text;
}

class Capture : public ::testing::Test {
 protected:
  SandboxRunner runner_;
};

TEST_F(Capture, KeepsEveryByteOfBothStreams) {
  Running running =
      runner_.start(shell("seq -f '%09.0f' 0 5242879 & seq -f '%09.0f' 0 5242879 >&2 & wait"));
  const NodeId process = running.process;
  const Outcome outcome = runner_.finish(std::move(running));
  const std::string expected = numbered_lines(std::size_t{50} << 20);
  ASSERT_EQ(outcome.out.size(), expected.size());
  EXPECT_TRUE(outcome.out == expected);
  EXPECT_TRUE(outcome.err == expected);
  EXPECT_EQ(outcome.ended.stdout_bytes, Bytes{expected.size()});
  EXPECT_EQ(outcome.ended.lost_bytes, Bytes{0});
  const Replay replayed = replay(runner_.index_of(process), outcome);
  EXPECT_TRUE(replayed.out == expected);
  EXPECT_TRUE(replayed.err == expected);
}

TEST_F(Capture, KeepsTheOrderOfMergedStreams) {
  model::JobSpec spec =
      shell("i=0; while [ $i -lt 500 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done");
  spec.process.streams = model::Streams::kMerged;
  const Outcome outcome = runner_.run(spec);
  std::string expected;
  for (int number = 0; number < 500; ++number) expected += fmt::format("o{0}\ne{0}\n", number);
  EXPECT_EQ(outcome.out, expected);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Capture, DoesNotWaitForABackgroundChildThatHoldsStdout) {
  const Outcome outcome = runner_.run_shell("tail -f /dev/null & echo done; exit 4");
  EXPECT_EQ(outcome.exit_code(), 4);
  EXPECT_EQ(outcome.out, "done\n");
}

TEST_F(Capture, KillsADaemonTogetherWithTheCommand) {
  model::JobSpec spec = shell(
      "exec 5<&0; mkfifo ready; (setsid sh -c 'trap \"\" TERM HUP; echo > ready; tail -f "
      "/dev/null' &);"
      "read line < ready; read go; exit 3");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const os::UniqueFd input = std::move(running.started->input);
  EXPECT_FALSE(is_everybody_gone(input));
  ASSERT_EQ(::write(input.get(), "\n", 1), 1);
  const Outcome outcome = runner_.finish(std::move(running));
  EXPECT_EQ(outcome.exit_code(), 3);
  EXPECT_TRUE(is_everybody_gone(input));
}

TEST_F(Capture, KeepsWhatAnEnlargedPipeHolds) {
  const Outcome outcome = runner_.run_shell(
      "python3 -c 'import fcntl, os\n"
      "fcntl.fcntl(1, 1031, 1 << 20)\n"
      "os.write(1, b\"x\" * (1 << 20))'");
  EXPECT_EQ(outcome.exit_code(), 0) << outcome.err;
  EXPECT_EQ(outcome.out.size(), std::size_t{1} << 20);
}

TEST_F(Capture, StopsAtTheLimitAndLetsTheCommandGoOn) {
  model::JobSpec spec =
      shell("head -c 1000000 /dev/zero; echo survived > /work/x; cat /work/x >&2");
  spec.sandbox.limits.log = Bytes{10'000};
  Running running = runner_.start(spec);
  const NodeId process = running.process;
  const Outcome outcome = runner_.finish(std::move(running));
  EXPECT_EQ(outcome.exit_code(), 0);
  EXPECT_THAT(outcome.out, StartsWith(std::string(10'000, '\0') + "\n[warren: the output limit"));
  EXPECT_LT(outcome.out.size(), 10'200U);
  EXPECT_EQ(outcome.ended.lost_bytes, Bytes{1'000'000 - 10'000 + 9});
  EXPECT_EQ(replay(runner_.index_of(process), outcome).lost, outcome.ended.lost_bytes.value);
}

TEST_F(Capture, KeepsTheOutputUpToTheDeathOfInit) {
  model::JobSpec spec = shell("exec 5<&0; tail -f /dev/null & echo before; exec tail -f /dev/null");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const os::UniqueFd input = std::move(running.started->input);
  std::ignore = runner_.await_output(running, "before");
  const std::vector<pid_t> inits = inits_of(::getpid());
  ASSERT_THAT(inits, SizeIs(1));
  ASSERT_EQ(::kill(inits[0], SIGKILL), 0);
  const Outcome outcome = runner_.finish(std::move(running));
  EXPECT_EQ(outcome.ended.wait_status, std::nullopt);
  EXPECT_THAT(outcome.ended.message, HasSubstr("init died"));
  EXPECT_EQ(outcome.out, "before\n");
  EXPECT_EQ(outcome.ended.stdout_bytes, Bytes{7});
  EXPECT_TRUE(is_everybody_gone(input));
}

// While init is stopped, what the command writes stays in the pipe.
TEST_F(Capture, DrainsThePipeOfADeadInit) {
  model::JobSpec spec = shell("read line; echo in the pipe; echo too >&2; read line");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const os::UniqueFd input = std::move(running.started->input);
  const std::vector<pid_t> inits = inits_of(::getpid());
  ASSERT_THAT(inits, SizeIs(1));
  ASSERT_EQ(::kill(inits[0], SIGSTOP), 0);
  // The first lets it write, the second ends it.
  ASSERT_EQ(::write(input.get(), "\n\n", 2), 2);
  pollfd end{.fd = input.get(), .events = 0, .revents = 0};
  ASSERT_EQ(::poll(&end, 1, 20'000), 1) << "the command has not ended";
  ASSERT_EQ(::kill(inits[0], SIGKILL), 0);
  const Outcome outcome = runner_.finish(std::move(running));
  EXPECT_EQ(outcome.out, "in the pipe\n");
  EXPECT_EQ(outcome.err, "too\n");
}

}  // namespace
}  // namespace warren::test
