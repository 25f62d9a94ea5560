// SPDX-License-Identifier: Apache-2.0
//
// Capture on the real kernel: every byte, whoever dies.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <tuple>
#include <vector>

#include "tests/integration/await.h"
#include "tests/support/sandbox_runner.h"

namespace warren::test {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
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

std::size_t waiting_in(const os::UniqueFd& pipe) {
  int bytes = 0;
  EXPECT_EQ(::ioctl(pipe.get(), FIONREAD, &bytes), 0);
  return static_cast<std::size_t>(bytes);
}

bool is_ready(const os::UniqueFd& event) {
  epoll_event ready;
  return ::epoll_wait(event.get(), &ready, 1, 0) == 1;
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
  const std::size_t kept = outcome.out.find_first_not_of('\0');
  // The rest of the limit is the index's.
  EXPECT_THAT(kept, AllOf(Ge(8'000U), Le(10'000U)));
  EXPECT_THAT(outcome.out.substr(kept), StartsWith("\n[warren: the output limit"));
  EXPECT_LT(outcome.out.size(), 10'200U);
  EXPECT_EQ(outcome.ended.lost_bytes, Bytes{1'000'000 - kept + 9});
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

// The engine holds the same pipes: their end must not keep init awake.
TEST_F(Capture, RestsOnceTheCommandHasClosedItsOutput) {
  model::JobSpec spec = shell("exec >&- 2>&-; read first; read second; exit 5");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  const os::UniqueFd input = std::move(running.started->input);
  const std::vector<pid_t> inits = inits_of(::getpid());
  ASSERT_THAT(inits, SizeIs(1));
  ASSERT_EQ(::write(input.get(), "\n", 1), 1);
  // What it has read, it has read after closing: by then init is awake, or has seen it already.
  ASSERT_TRUE(eventually([&] { return waiting_in(input) == 0; }));
  EXPECT_TRUE(eventually([&] { return state_of(inits[0]) == 'S'; }));
  ASSERT_EQ(::write(input.get(), "\n", 1), 1);
  EXPECT_EQ(runner_.finish(std::move(running)).exit_code(), 5);
}

TEST_F(Capture, WakesEveryFollowerWhateverAnotherDoes) {
  model::JobSpec spec = shell("while read line; do echo $line; done");
  spec.process.input = model::Input::kPipe;
  Running running = runner_.start(spec);
  ASSERT_TRUE(running.started) << running.started.error().message;
  os::UniqueFd input = std::move(running.started->input);
  const os::UniqueFd good = runner_.provider().open_log(running.process).value().event;
  const os::UniqueFd evil = runner_.provider().open_log(running.process).value().event;
  ASSERT_TRUE(good && evil);
  ASSERT_EQ(::fcntl(evil.get(), F_SETFL, 0), 0);
  const std::uint64_t full = UINT64_MAX - 1;
  EXPECT_EQ(::write(evil.get(), &full, sizeof full), -1);
  for (const std::string line : {"one\n", "two\n", "three\n"}) {
    ASSERT_EQ(::write(input.get(), line.data(), line.size()), std::ssize(line));
    EXPECT_TRUE(eventually([&] { return is_ready(good); })) << line;
    std::ignore = runner_.await_output(running, line);
    std::ignore = is_ready(evil);
  }
  input.reset();
  EXPECT_EQ(runner_.finish(std::move(running)).out, "one\ntwo\nthree\n");
}

TEST_F(Capture, LetsTheCommandOpenItsStreamsAgain) {
  for (const auto profile : {model::Profile::kIsolated, model::Profile::kHost}) {
    model::JobSpec spec = shell("cat /dev/stdin > /dev/stdout; echo too > /dev/stderr");
    spec.sandbox.profile = profile;
    spec.process.input = model::Input::kPipe;
    Running running = runner_.start(spec);
    ASSERT_TRUE(running.started) << running.started.error().message;
    os::UniqueFd input = std::move(running.started->input);
    ASSERT_EQ(::write(input.get(), "x\n", 2), 2);
    input.reset();
    const Outcome outcome = runner_.finish(std::move(running));
    EXPECT_EQ(outcome.exit_code(), 0);
    EXPECT_EQ(outcome.out, "x\n");
    EXPECT_EQ(outcome.err, "too\n");
  }
}

// While init is stopped, what the command writes stays in the pipe.
class DeadInit : public Capture {
 protected:
  // A command that writes `early`, of which init makes `kept`; then it writes once its init is
  // stopped, and loses it.
  [[nodiscard]] Outcome run_and_kill_init(std::optional<Bytes> limit, const std::string& early = "",
                                          const std::string& kept = "") {
    model::JobSpec spec = shell(
        fmt::format("printf '{}'; read line; echo in the pipe; echo too >&2; read line", early));
    spec.process.input = model::Input::kPipe;
    spec.sandbox.limits.log = limit;
    Running running = runner_.start(spec);
    EXPECT_TRUE(running.started) << running.started.error().message;
    const os::UniqueFd input = std::move(running.started->input);
    std::ignore = runner_.await_output(running, kept);
    const pid_t init = inits_of(::getpid()).at(0);
    EXPECT_EQ(::kill(init, SIGSTOP), 0);
    // The first lets it write, the second ends it.
    EXPECT_EQ(::write(input.get(), "\n\n", 2), 2);
    pollfd end{.fd = input.get(), .events = 0, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, 20'000), 1) << "the command has not ended";
    EXPECT_EQ(::kill(init, SIGKILL), 0);
    return runner_.finish(std::move(running));
  }
};

TEST_F(DeadInit, LeavesAPipeThatIsDrained) {
  const Outcome outcome = run_and_kill_init(std::nullopt);
  EXPECT_EQ(outcome.out, "in the pipe\n");
  EXPECT_EQ(outcome.err, "too\n");
}

TEST_F(DeadInit, LeavesItsLimitInForce) {
  const Outcome outcome = run_and_kill_init(Bytes{5});
  EXPECT_EQ(outcome.out, "in th" + std::string(kLimitMarker));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.ended.lost_bytes, Bytes{7 + 4});
}

TEST_F(DeadInit, HasMarkedTheLimitOnceForAll) {
  const std::string kept = "earl" + std::string(kLimitMarker);
  const Outcome outcome = run_and_kill_init(Bytes{4}, "early", kept);
  EXPECT_EQ(outcome.out, kept);
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace warren::test
