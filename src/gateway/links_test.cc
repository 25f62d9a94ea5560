// SPDX-License-Identifier: Apache-2.0

#include "gateway/links.h"

#include <gtest/gtest.h>

#include "gateway/loop_fixture.h"
#include "tests/support/listening_socket.h"
#include "tests/support/result_matchers.h"
#include "wire/server.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;
using ChannelPtr = std::shared_ptr<wire::AsyncChannel>;

loop::Task<Result<>> name_the_subject(std::shared_ptr<wire::Call> call) {
  const v1::OnBehalfOf subject = call->peer().on_behalf_of.value_or(v1::OnBehalfOf());
  co_return co_await call->send(subject.name() + " " + std::to_string(subject.role()) + " " +
                                subject.face());
}

// The engine's end runs on the same loop.
class LinksTest : public ::testing::Test, protected LoopFixture {
 protected:
  void SetUp() override { start_engine(socket_.take()); }

  void start_engine(os::UniqueFd listening) {
    wire::ServerOptions options;
    options.vouch = [](const wire::Peer& peer) -> Result<> {
      if (peer.on_behalf_of && peer.on_behalf_of->name() != "mallory") return {};
      return fail(Errc::kPermissionDenied, "not you");
    };
    engine_ = std::make_unique<wire::Server>(io().get_executor(), std::move(listening),
                                             std::move(options));
    engine_->handle("Whom", name_the_subject);
    engine_->start();
  }

  Result<ChannelPtr> to(const std::string& name, model::Role role = model::Role::kUser,
                        model::Face face = model::Face::kWarren) {
    return run(links_.to({.name = name, .role = role}, face));
  }
  std::string whom(const ChannelPtr& channel) {
    const auto call = channel->open("Whom", "");
    const auto message = run(call->next());
    return message && *message ? (*message)->bytes : "";
  }

  test::ListeningSocket socket_;
  std::unique_ptr<wire::Server> engine_;
  Links links_{socket_.path(), 2};
};

TEST_F(LinksTest, SayWhomTheySpeakFor) {
  const auto alice = to("alice", model::Role::kViewer, model::Face::kJoblet);
  ASSERT_TRUE(alice);
  EXPECT_EQ(whom(*alice), "alice 2 joblet");
}

TEST_F(LinksTest, AreUsedAgainByTheSameClientAlone) {
  const auto first = to("alice");
  EXPECT_EQ(*to("alice"), *first);
  const auto other = to("alice", model::Role::kUser, model::Face::kJoblet);
  EXPECT_NE(*other, *first);
  EXPECT_EQ(links_.size(), 2U);
}

TEST_F(LinksTest, AreMadeOnceForCallsThatComeTogether) {
  auto first =
      start(links_.to({.name = "alice", .role = model::Role::kUser}, model::Face::kWarren));
  auto second =
      start(links_.to({.name = "alice", .role = model::Role::kUser}, model::Face::kWarren));
  EXPECT_EQ(*finish(std::move(first)), *finish(std::move(second)));
  EXPECT_EQ(engine_->connections(), 1U);
}

TEST_F(LinksTest, GiveUpTheOneThatIsIdleForLongest) {
  ASSERT_TRUE(to("alice") && to("bob") && to("alice"));
  ASSERT_TRUE(to("carol"));
  EXPECT_EQ(links_.size(), 2U);
  const auto alice = to("alice");
  EXPECT_EQ(links_.size(), 2U) << "bob's was closed, not hers";
}

TEST_F(LinksTest, AreRefusedWhenNoneIsIdle) {
  const auto alice = to("alice");
  const auto bob = to("bob");
  EXPECT_THAT(to("carol"), test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many")));
}

TEST_F(LinksTest, AreNotIdleWhileACallIsOpen) {
  auto alice = *to("alice");
  const auto call = alice->open("Whom", "");
  alice.reset();
  const auto bob = to("bob");
  EXPECT_THAT(to("carol"), test::HoldsError(Errc::kResourceExhausted, HasSubstr("too many")));
}

TEST_F(LinksTest, PassOnWhyTheEngineRefusesAClient) {
  EXPECT_THAT(to("mallory"), test::HoldsError(Errc::kPermissionDenied, "not you"));
  EXPECT_EQ(links_.size(), 0U);
}

TEST_F(LinksTest, AreReplacedWhenTheyAreLost) {
  const auto first = *to("alice");
  engine_.reset();
  run_until([&] { return first->is_lost(); });
  EXPECT_THAT(to("alice"), test::HoldsError(Errc::kUnavailable, "the engine cannot be reached"));
  EXPECT_EQ(links_.size(), 0U);
  start_engine(socket_.listen_again());
  const auto second = to("alice");
  ASSERT_TRUE(second);
  EXPECT_EQ(whom(*second), "alice 3 warren");
}

TEST_F(LinksTest, SayAtOnceThatNoEngineRuns) {
  Links nowhere(socket_.path() + ".gone");
  EXPECT_THAT(run(nowhere.to({.name = "alice", .role = model::Role::kUser}, model::Face::kWarren)),
              test::HoldsError(Errc::kUnavailable, "the engine cannot be reached"));
}

}  // namespace
}  // namespace warren::gateway
