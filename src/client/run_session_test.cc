// SPDX-License-Identifier: Apache-2.0

#include "client/run_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <future>

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
  CapturedStdout() : saved_(::dup(STDOUT_FILENO)), file_(std::tmpfile()) {
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
    RunSettings settings;
    settings.places.socket = engine_.path();
    settings.request.mutable_spec()->add_argv("true");
    settings.request.set_output(true);
    return settings;
  }

  awaitable<Result<>> say_started(std::shared_ptr<Call> call) {
    v1::RunEvent event;
    event.set_id("0198c0de-0000-7000-8000-000000000001");
    event.set_has_output(true);
    std::vector<os::UniqueFd> files;
    files.push_back(log_.out());
    files.push_back(log_.err());
    files.push_back(log_.index());
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
  std::promise<void> stopped;
  engine_.handle(wire::kRun, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    WARREN_CO_TRY(co_await say_started(call));
    // The client may not yet have set its signals aside: it does so before it reads the log's watch,
    // which the first word of output shows on the next event.
    co_await call->wait_cancelled();
    co_return Result<>();
  });
  std::vector<std::uint32_t> signals;
  engine_.handle(wire::kSignal, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    v1::SignalRequest request;
    request.ParseFromString(std::string(call->request()));
    signals.push_back(request.signal());
    ::kill(::getpid(), SIGINT);
    co_return co_await call->send(v1::Node().SerializeAsString());
  });
  engine_.handle(wire::kStop, [&](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    stopped.set_value();
    co_return co_await call->send(v1::Node().SerializeAsString());
  });
  // Blocked from the start, so that an early signal waits for the session's descriptor.
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  engine_.start();
  ::kill(::getpid(), SIGINT);
  std::thread([&] {
    stopped.get_future().wait();
    engine_.stop_waiting_calls();
  }).detach();
  RunSession session(settings());
  std::ignore = session;
  SUCCEED();
}

}  // namespace
}  // namespace warren::client
