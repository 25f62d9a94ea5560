// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/co_try.h"
#include "client/run_session.h"
#include "tests/support/fake_engine.h"
#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using boost::asio::awaitable;
using wire::Call;

constexpr const char* kId = "0198c0de-0000-7000-8000-000000000001";

class RunDetached : public ::testing::Test {
 protected:
  [[nodiscard]] RunSettings settings() const {
    Places places;
    places.socket = engine_.path();
    RunSettings settings;
    settings.engine = std::move(places);
    settings.request.mutable_spec()->add_argv("true");
    settings.request.set_idempotency_key("k");
    return settings;
  }
  [[nodiscard]] static awaitable<Result<>> say_id(std::shared_ptr<Call> call) {
    v1::RunEvent event;
    event.set_id(kId);
    co_return co_await call->send(event.SerializeAsString());
  }
  // Serves with what `serve` makes of a call and of how many there were before it.
  template <typename Serve>
  void start(Serve serve) {
    engine_.handle(wire::kRun, [this, serve](std::shared_ptr<Call> call) {
      requests_.emplace_back(call->request());
      return serve(std::move(call), requests_.size());
    });
    engine_.start();
  }

  std::vector<std::string> requests_;
  test::FakeEngine engine_;
};

TEST_F(RunDetached, RepeatsItsRequestWhenTheEngineGoesBeforeItAnswers) {
  start([](std::shared_ptr<Call> call, std::size_t number) -> awaitable<Result<>> {
    if (number < 3) co_return fail(Errc::kUnavailable, "going down");
    co_return co_await say_id(std::move(call));
  });
  const auto id = run_detached(settings());
  engine_.stop();
  EXPECT_EQ(id, std::string(kId));
  ASSERT_EQ(requests_.size(), 3U);
  EXPECT_EQ(requests_[0], requests_[2]);
  v1::RunRequest request;
  ASSERT_TRUE(request.ParseFromString(requests_[0]));
  EXPECT_EQ(request.idempotency_key(), "k");
  EXPECT_TRUE(request.detach());
}

TEST_F(RunDetached, GivesUpOnAnEngineThatGoesEachTime) {
  start([](std::shared_ptr<Call>, std::size_t) -> awaitable<Result<>> {
    co_return fail(Errc::kUnavailable, "going down");
  });
  EXPECT_THAT(run_detached(settings()), test::HoldsError(Errc::kUnavailable, "going down"));
  engine_.stop();
  EXPECT_EQ(requests_.size(), 5U);
}

TEST_F(RunDetached, TakesNoForAnAnswer) {
  start([](std::shared_ptr<Call>, std::size_t) -> awaitable<Result<>> {
    co_return fail(Errc::kInvalidArgument, "no such user");
  });
  EXPECT_THAT(run_detached(settings()), test::HoldsError(Errc::kInvalidArgument, "no such user"));
  engine_.stop();
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(RunDetached, SaysWhyItsFilesDidNotArrive) {
  start([](std::shared_ptr<Call> call, std::size_t) -> awaitable<Result<>> {
    WARREN_CO_TRY(co_await say_id(std::move(call)));
    co_return fail(Errc::kFailedPrecondition, "upload: its files were lost");
  });
  RunSettings with_files = settings();
  with_files.request.mutable_spec()->set_uploads(true);
  EXPECT_THAT(run_detached(std::move(with_files)),
              test::HoldsError(Errc::kFailedPrecondition, "upload: its files were lost"));
}

}  // namespace
}  // namespace warren::client
