// SPDX-License-Identifier: Apache-2.0

#include "client/personality/job_watch.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <fstream>
#include <iterator>

#include "base/co_try.h"
#include "tests/support/fake_engine.h"
#include "tests/support/log_files.h"
#include "tests/support/temp_directory.h"

namespace warren::client {
namespace {

using boost::asio::awaitable;
using wire::Call;

constexpr const char* kJob = "01899a4e-0000-7000-8000-000000000001";

template <typename Request>
Request parse(const Call& call) {
  Request request;
  EXPECT_TRUE(request.ParseFromString(std::string(call.request())));
  return request;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// An engine whose one job has run and ended.
class JobWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    output_.write(LogStream::kStdout, "hello\n");
    engine_.handle(wire::kEvents, [this](auto call) { return events(std::move(call)); });
    engine_.handle(wire::kGet, [this](auto call) { return get(std::move(call)); });
    engine_.handle(wire::kLog, [this](auto call) { return log(std::move(call)); });
    engine_.start();
  }

  [[nodiscard]] Result<JobWatch> open() const {
    Places places;
    places.socket = engine_.path();
    return JobWatch::open(path(), places);
  }
  [[nodiscard]] std::string path() const { return directory_.path() / "server.log"; }
  [[nodiscard]] std::string written() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Until `text` is in the log, or nothing happens for long.
  void follow(JobWatch& watch, std::string_view text) const {
    constexpr int kLongMs = 20'000;
    constexpr int kMostTurns = 100;
    for (int turn = 0; turn < kMostTurns && !written().contains(text); ++turn) {
      pollfd news{.fd = watch.fd(), .events = POLLIN, .revents = 0};
      ::poll(&news, 1, watch.timeout() < 0 ? kLongMs : watch.timeout());
      watch.advance();
    }
  }

  // Start, end and output of the job, in the log of a watch that has seen its end.
  void expect_each_part_once() const {
    auto watch = open();
    ASSERT_TRUE(watch && watch->begin());
    follow(*watch, "end of stderr");
    const std::string log = written();
    for (const std::string_view part : {" runs: ", " has ended: ", "| hello\n"}) {
      EXPECT_EQ(count(log, part), 1U) << part << " in " << log;
    }
  }

  std::atomic<bool> dies_ = false;  // When it is asked for output, and then no more.

 private:
  awaitable<Result<>> events(std::shared_ptr<Call> call) {
    const auto request = parse<v1::EventsRequest>(*call);
    if (!request.follow()) co_return Result<>{};
    std::uint64_t number = 0;
    for (const char* const state : {"STARTING", "RUNNING", "COMPLETED"}) {
      if (++number <= request.after()) continue;
      v1::NodeEvent event;
      event.set_number(number);
      event.set_node(kJob);
      event.set_seq(1);
      event.set_state(state);
      WARREN_CO_TRY(co_await call->send(event.SerializeAsString()));
    }
    co_await call->wait_cancelled();
    co_return Result<>{};
  }

  awaitable<Result<>> get(std::shared_ptr<Call> call) {
    v1::Node job;
    job.set_id(kJob);
    job.set_face("jobworker");
    job.set_state("COMPLETED");
    co_return co_await call->send(job.SerializeAsString());
  }

  awaitable<Result<>> log(std::shared_ptr<Call> call) {
    if (dies_.exchange(false)) co_return fail(Errc::kUnavailable, "the engine goes down");
    v1::LogEvent event;
    event.set_opened(true);
    std::vector<wire::Handed> handed;
    handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = output_.out()});
    handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = output_.err()});
    co_return co_await call->send(event.SerializeAsString(), std::move(handed));
  }

  test::LogOnDisk output_;
  test::TempDirectory directory_;
  test::FakeEngine engine_;
};

TEST_F(JobWatchTest, WritesWhatBecomesOfAJob) {
  expect_each_part_once();
}

TEST_F(JobWatchTest, WritesAnEndOnceWhoseOutputOnlyTheNextEngineGives) {
  dies_ = true;
  expect_each_part_once();
}

}  // namespace
}  // namespace warren::client
