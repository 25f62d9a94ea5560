// SPDX-License-Identifier: Apache-2.0

#include "client/engine_client.h"

#include <gtest/gtest.h>

#include "base/co_try.h"
#include "tests/support/fake_engine.h"
#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using boost::asio::awaitable;
using wire::Call;

Result<v1::ListReply> list(const test::FakeEngine& engine) {
  Places places;
  places.socket = engine.path();
  EngineClient client = WARREN_TRY(EngineClient::open(places, Startup::kNever));
  return client.call<v1::ListReply>(wire::kList, v1::ListRequest());
}

TEST(EngineClientTest, MergesAnAnswerThatComesInParts) {
  constexpr int kParts = 50;  // More than may be under way at a time.
  constexpr int kNodesEach = 250;
  test::FakeEngine engine;
  engine.handle(wire::kList, [](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    for (int i = 0; i < kParts; ++i) {
      v1::ListReply part;
      for (int j = 0; j < kNodesEach; ++j) {
        v1::Node& node = *part.add_nodes();
        const int number = i * kNodesEach + j;
        node.set_seq(static_cast<std::uint64_t>(number));
        node.add_command(std::string(600, 'x'));
      }
      WARREN_CO_TRY(co_await call->send(part.SerializeAsString()));
    }
    co_return Result<>{};
  });
  engine.start();
  const auto reply = list(engine);
  ASSERT_TRUE(reply) << reply.error().message;
  ASSERT_EQ(reply->nodes_size(), kParts * kNodesEach);
  for (int i = 0; i < reply->nodes_size(); ++i) {
    ASSERT_EQ(reply->nodes(i).seq(), static_cast<std::uint64_t>(i));
  }
}

TEST(EngineClientTest, TakesNoPartsForAnEmptyAnswer) {
  test::FakeEngine engine;
  engine.handle(wire::kList,
                [](std::shared_ptr<Call>) -> awaitable<Result<>> { co_return Result<>{}; });
  engine.start();
  const auto reply = list(engine);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->nodes_size(), 0);
}

TEST(EngineClientTest, GivesNoPartOfAnAnswerThatFailed) {
  test::FakeEngine engine;
  engine.handle(wire::kList, [](std::shared_ptr<Call> call) -> awaitable<Result<>> {
    v1::ListReply part;
    part.add_nodes();
    WARREN_CO_TRY(co_await call->send(part.SerializeAsString()));
    co_return fail(Errc::kInternal, "the store is gone");
  });
  engine.start();
  EXPECT_THAT(list(engine), test::HoldsError(Errc::kInternal, "the store is gone"));
}

}  // namespace
}  // namespace warren::client
