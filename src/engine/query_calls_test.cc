// SPDX-License-Identifier: Apache-2.0

#include "engine/query_calls.h"

#include <string>
#include <utility>

#include "engine/clock.h"
#include "engine/database_fixture.h"
#include "engine/engine_fixture.h"
#include "store/store.h"

namespace warren::engine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Lt;

class ListCall : public EngineTest {
 protected:
  // What an earlier engine has recorded: jobs with these numbers and commands of 600 bytes.
  void put_ended_jobs(std::uint64_t count) {
    ASSERT_TRUE(prepare(places_, {}));
    auto opened = store::Store::open(places_.state_dir, store::Durability::kProcess);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store::Batch batch;
    for (std::uint64_t seq = 1; seq <= count; ++seq) {
      batch.emplace_back(store::InsertNode{.node = ended_job(seq)});
    }
    std::promise<Result<>> committed;
    opened->store->submit(std::move(batch), [&committed](Result<> result) {
      committed.set_value(std::move(result));
    });
    const Result<> done = committed.get_future().get();
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }

  [[nodiscard]] static model::Node ended_job(std::uint64_t seq) {
    model::Node node;
    node.id =
        NodeId::make(now(), {static_cast<std::uint8_t>(seq >> 8U), static_cast<std::uint8_t>(seq)});
    node.seq = seq;
    node.owner.name = "root";
    node.spec.process.argv = {"true", std::string(600, 'x')};
    node.state = model::State::kCompleted;
    node.cause = {.type = model::Cause::Type::kExited, .number = 0, .subject = {}};
    node.created_at = now();
    node.ended_at = node.created_at;
    return node;
  }
};

TEST_F(ListCall, ListsMoreNodesThanOneMessageHolds) {
  constexpr std::uint64_t kNodes = 10'500;
  put_ended_jobs(kNodes);
  start();
  const auto answer = call<v1::ListReply>(wire::kList, v1::ListRequest());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_GT(answer->ByteSizeLong(), std::size_t{4} << 20);
  ASSERT_EQ(answer->nodes_size(), static_cast<int>(kNodes));
  EXPECT_EQ(answer->nodes(0).seq(), kNodes);
  EXPECT_EQ(answer->nodes(kNodes - 1).seq(), 1U);
}

TEST_F(ListCall, ListsTheCommandsOfLiveAndOfEndedJobs) {
  start();
  const std::string ended = run({"exit", "0"});
  std::ignore = wait(ended);
  const std::string live = run({"sleep"});
  wait_for_state(live, "RUNNING");
  const auto answer = call<v1::ListReply>(wire::kList, v1::ListRequest());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->nodes_size(), 2);
  EXPECT_EQ(answer->nodes(0).id(), live);
  EXPECT_THAT(answer->nodes(0).command(), ElementsAre("sleep"));
  EXPECT_EQ(answer->nodes(1).id(), ended);
  EXPECT_THAT(answer->nodes(1).command(), ElementsAre("exit", "0"));
}

TEST_F(ListCall, TellsLessInTheBasicView) {
  start();
  std::ignore = wait(run({"exit", "0"}));
  v1::ListRequest request;
  request.set_view(v1::ListRequest::VIEW_BASIC);
  const auto answer = call<v1::ListReply>(wire::kList, request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->nodes_size(), 1);
  EXPECT_THAT(answer->nodes(0).command(), ElementsAre("exit", "0"));
  EXPECT_EQ(answer->nodes(0).cause(), "exited(0)");
  EXPECT_FALSE(answer->nodes(0).has_limits());
  EXPECT_FALSE(answer->nodes(0).has_usage());
  EXPECT_EQ(answer->nodes(0).image(), "");
}

using WaitCall = EngineTest;
using StatsCall = EngineTest;

TEST_F(WaitCall, AnswersForEachNameHoweverOftenItIsThere) {
  start();
  const std::string id = run({"exit", "7"});
  std::ignore = wait(id);
  v1::WaitRequest request;
  for (int i = 0; i < 1000; ++i) request.add_nodes(id);
  const auto answer = call<v1::WaitReply>(wire::kWait, request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->nodes_size(), 1000);
  EXPECT_EQ(answer->nodes(999).id(), id);
  EXPECT_EQ(answer->nodes(999).exit_code(), 7);
}

TEST_F(WaitCall, TakesNoMoreNamesThanACommandLineHas) {
  start();
  v1::WaitRequest request;
  for (int i = 0; i < 65'537; ++i) request.add_nodes("1");
  EXPECT_THAT(call<v1::WaitReply>(wire::kWait, request),
              test::HoldsError(Errc::kInvalidArgument, "nodes: 65537 are more than 65536"));
}

TEST_F(StatsCall, TakesSomeThousandNames) {
  start();
  v1::StatsRequest request;
  for (int i = 0; i < 4097; ++i) request.add_nodes("1");
  EXPECT_THAT(call<v1::StatsEvent>(wire::kStats, request),
              test::HoldsError(Errc::kInvalidArgument, "nodes: 4097 are more than 4096"));
}

using GetCall = EngineTest;

TEST_F(GetCall, SaysThatAStateCannotBeRecordedInsteadOfWaitingForEver) {
  start();
  change_database(
      places_,
      "CREATE TRIGGER full BEFORE UPDATE ON nodes BEGIN SELECT RAISE(ABORT, 'refused'); END");
  v1::NodeRequest job;
  job.set_node(run({"exit", "0"}));
  EXPECT_THAT(
      call<v1::Node>(wire::kGet, job),
      test::HoldsError(Errc::kResourceExhausted, ::testing::HasSubstr("cannot be recorded now")));
  change_database(places_, "DROP TRIGGER full");
  EXPECT_EQ(wait(job.node()).state(), "COMPLETED");
}

TEST_F(ListCall, TellsOfVariablesNothingButTheirNames) {
  start();
  v1::RunRequest request;
  request.set_detach(true);
  for (const char* word : {"exit", "0"}) request.mutable_spec()->add_argv(word);
  (*request.mutable_spec()->mutable_env())["TOKEN"] = "hush";
  request.mutable_spec()->set_workdir("/tmp");
  const auto begun = call<v1::RunEvent>(wire::kRun, request);
  ASSERT_TRUE(begun.has_value()) << begun.error().message;
  v1::NodeRequest job;
  job.set_node(begun->id());
  const auto answer = call<v1::Node>(wire::kGet, job);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(answer->variables(), ElementsAre("TOKEN"));
  EXPECT_EQ(answer->workdir(), "/tmp");
  EXPECT_THAT(answer->SerializeAsString(), ::testing::Not(::testing::HasSubstr("hush")));
}

TEST_F(StatsCall, ShowsAsMuchOfWhatHasEnded) {
  start();
  const std::string id = run({"exit", "0", std::string(5000, 'x'), "y"});
  std::ignore = wait(id);
  v1::StatsRequest request;
  request.add_nodes(id);
  const auto answer = call<v1::StatsEvent>(wire::kStats, request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_THAT(answer->readings(0).command(),
              ElementsAre("exit", "0", std::string(4096 - 5 - 2, 'x')));
}

TEST_F(StatsCall, CutsLongCommandsInStatistics) {
  start();
  // No cut inside a character of two bytes.
  std::string text = "x";
  for (int i = 0; i < 10'000; ++i) text += "\u00e4";
  const std::string id = run({"sleep", text});
  wait_for_state(id, "RUNNING");
  const auto answer = call<v1::StatsEvent>(wire::kStats, v1::StatsRequest());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->readings(0).command_size(), 2);
  const std::string& shown = answer->readings(0).command(1);
  EXPECT_THAT(shown.size(), AllOf(Gt(4000U), Lt(4097U)));
  EXPECT_TRUE(text.starts_with(shown));
  EXPECT_EQ(shown.size() % 2, 1U);
}

}  // namespace
}  // namespace warren::engine
