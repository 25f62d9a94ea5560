// SPDX-License-Identifier: Apache-2.0

#include "client/run_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/co_try.h"
#include "tests/support/fake_engine.h"
#include "tests/support/log_files.h"
#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using boost::asio::awaitable;
using wire::Call;

// Puts descriptor 1 on a file while it lives.
class CapturedStdout {
 public:
  CapturedStdout() : saved_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)), file_(std::tmpfile()) {
    std::fflush(stdout);
    ::dup2(::fileno(file_), STDOUT_FILENO);
  }
  ~CapturedStdout() {
    ::dup2(saved_.get(), STDOUT_FILENO);
    std::fclose(file_);
  }
  CapturedStdout(const CapturedStdout&) = delete;
  CapturedStdout& operator=(const CapturedStdout&) = delete;

  [[nodiscard]] std::string text() const {
    std::string bytes(1 << 20, '\0');
    const ssize_t count = ::pread(::fileno(file_), bytes.data(), bytes.size(), 0);
    return bytes.substr(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }

 private:
  os::UniqueFd saved_;
  std::FILE* file_;
};

std::string ended_event(int exit_code) {
  v1::RunEvent event;
  event.mutable_ended()->set_exit_code(exit_code);
  return event.SerializeAsString();
}

class RunSessionTest : public ::testing::Test {
 protected:
  void TearDown() override {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  [[nodiscard]] RunSettings settings() const {
    Places places;
    places.socket = engine_.path();
    RunSettings settings;
    settings.engine = std::move(places);
    settings.request.mutable_spec()->add_argv("true");
    settings.request.set_output(true);
    return settings;
  }

  awaitable<Result<>> say_started(std::shared_ptr<Call> call) {
    v1::RunEvent event;
    event.set_id("0198c0de-0000-7000-8000-000000000001");
    event.set_has_output(true);
    std::vector<wire::Handed> files;
    files.push_back({.kind = v1::HANDED_STDOUT, .descriptor = log_.out()});
    files.push_back({.kind = v1::HANDED_STDERR, .descriptor = log_.err()});
    files.push_back({.kind = v1::HANDED_INDEX, .descriptor = log_.index()});
    co_return co_await call->send(event.SerializeAsString(), std::move(files));
  }

  test::FakeEngine engine_;
  test::LogOnDisk log_;
};

TEST_F(RunSessionTest, ShowsTheOutputAndReturnsTheEnd) {
  engine_.handle(wire::kRun, [this](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    log_.write(LogStream::kStdout, "before ");
    WARREN_CO_TRY(co_await say_started(call));
    log_.write(LogStream::kStdout, "after");
    co_return co_await call->send(ended_event(7));
  });
  engine_.start();
  const CapturedStdout out;
  RunSession session(settings());
  const auto node = session.run();
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ(node->exit_code(), 7);
  EXPECT_EQ(out.text(), "before after");
}

TEST_F(RunSessionTest, ReportsARefusal) {
  engine_.handle(wire::kRun, [](std::shared_ptr<Call>) -> awaitable<Result<>> {
    co_return fail(Errc::kInvalidArgument, "no such user");
  });
  engine_.start();
  RunSession session(settings());
  EXPECT_THAT(session.run(), test::HoldsError(Errc::kInvalidArgument, "no such user"));
}

TEST_F(RunSessionTest, ForwardsSignalsAndStopsAtTheSecondInterrupt) {
  // Before the engine's thread starts, so that no thread of this program takes the signal.
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ASSERT_EQ(::sigprocmask(SIG_BLOCK, &interrupt, nullptr), 0);
  std::vector<std::uint32_t> signals;
  std::shared_ptr<Call> run;
  engine_.handle(wire::kRun, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    run = call;
    WARREN_CO_TRY(co_await say_started(call));
    ::kill(::getpid(), SIGINT);
    co_await call->wait_cancelled();
    co_return Result<>();
  });
  engine_.handle(wire::kSignal, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    v1::SignalRequest request;
    request.ParseFromString(std::string(call->request()));
    signals.push_back(request.signal());
    ::kill(::getpid(), SIGINT);
    co_return co_await call->send(v1::Node().SerializeAsString());
  });
  engine_.handle(wire::kStop, [&](std::shared_ptr<Call>) -> awaitable<Result<>> {
    co_return co_await run->send(ended_event(130));
  });
  engine_.start();
  RunSession session(settings());
  const auto node = session.run();
  engine_.stop();
  run.reset();
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ(node->exit_code(), 130);
  EXPECT_EQ(signals, std::vector<std::uint32_t>{SIGINT});
}

TEST_F(RunSessionTest, GoesOnByIdWhenTheEngineComesBack) {
  engine_.handle(wire::kRun, [this](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    log_.write(LogStream::kStdout, "first ");
    WARREN_CO_TRY(co_await say_started(call));
    // What a dying engine says, if anything.
    co_return fail(Errc::kUnavailable, "shutting down");
  });
  engine_.handle(wire::kWait, [this](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    v1::WaitRequest request;
    request.ParseFromString(std::string(call->request()));
    log_.write(LogStream::kStdout, "second");
    v1::WaitReply reply;
    reply.add_nodes()->set_exit_code(request.nodes(0).empty() ? 1 : 0);
    co_return co_await call->send(reply.SerializeAsString());
  });
  engine_.start();
  const CapturedStdout out;
  RunSession session(settings());
  const auto node = session.run();
  ASSERT_TRUE(node) << node.error().message;
  EXPECT_EQ(node->exit_code(), 0);
  EXPECT_EQ(out.text(), "first second");
}

TEST_F(RunSessionTest, DetachedGivesTheIdAtOnce) {
  bool detached = false;
  engine_.handle(wire::kRun, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    v1::RunRequest request;
    request.ParseFromString(std::string(call->request()));
    detached = request.detach();
    v1::RunEvent event;
    event.set_id("some-id");
    co_return co_await call->send(event.SerializeAsString());
  });
  engine_.start();
  EXPECT_EQ(run_detached(settings()), "some-id");
  EXPECT_TRUE(detached);
}

TEST(HasInput, IsFalseForNullAndForDescriptorsThatCannotBeRead) {
  const os::UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const os::UniqueFd writer(::open("/dev/zero", O_WRONLY | O_CLOEXEC));
  const os::UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(has_input(null.get()));
  EXPECT_FALSE(has_input(writer.get()));
  EXPECT_FALSE(has_input(987654));
  EXPECT_TRUE(has_input(zero.get()));
}

TEST(InputForwarder, CarriesInputAndItsEnd) {
  int source[2];
  int target[2];
  ASSERT_EQ(::pipe2(source, O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(target, O_CLOEXEC), 0);
  const os::UniqueFd source_reader(source[0]);
  os::UniqueFd source_writer(source[1]);
  const os::UniqueFd target_reader(target[0]);
  InputForwarder forwarder(source_reader.get(), os::UniqueFd(target[1]));
  ASSERT_EQ(::write(source_writer.get(), "hello", 5), 5);
  source_writer.reset();
  for (auto waits = forwarder.interests(); waits[1].fd >= 0; waits = forwarder.interests()) {
    ASSERT_GT(::poll(waits.data(), waits.size(), 20'000), 0);
    forwarder.advance(waits);
  }
  char bytes[16];
  EXPECT_EQ(::read(target_reader.get(), bytes, sizeof bytes), 5);
  EXPECT_EQ(::read(target_reader.get(), bytes, sizeof bytes), 0) << "the end";
}

}  // namespace
}  // namespace warren::client
