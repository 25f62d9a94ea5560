// SPDX-License-Identifier: Apache-2.0

#include "engine/engine.h"

#include <signal.h>

#include <algorithm>
#include <set>

#include "engine/engine_fixture.h"
#include "store/sqlite.h"

namespace warren::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::warren::test::HoldsError;

std::vector<std::string> states_of(const std::vector<v1::NodeEvent>& events) {
  std::vector<std::string> states;
  states.reserve(events.size());
  for (const v1::NodeEvent& event : events) states.push_back(event.state());
  return states;
}

TEST_F(EngineTest, RecordsHowACommandEnded) {
  start();
  const v1::Node good = wait(run({"exit", "0"}));
  EXPECT_EQ(good.state(), "COMPLETED");
  EXPECT_EQ(good.cause(), "exited(0)");
  EXPECT_EQ(good.exit_code(), 0);
  const v1::Node bad = wait(run({"exit", "7"}));
  EXPECT_EQ(bad.state(), "FAILED");
  EXPECT_EQ(bad.cause(), "exited(7)");
  EXPECT_EQ(bad.exit_code(), 7);
}

TEST_F(EngineTest, TellsAMissingProgramFromAFailedStart) {
  start();
  const v1::Node missing = wait(run({"missing"}));
  EXPECT_EQ(missing.exit_code(), 127);
  EXPECT_EQ(missing.cause(), "start-failed(execute)");
  EXPECT_THAT(missing.message(), HasSubstr("No such file"));
  const v1::Node failed = wait(run({"fail", "mount-proc"}));
  EXPECT_EQ(failed.state(), "FAILED");
  EXPECT_EQ(failed.exit_code(), 125);
  EXPECT_EQ(failed.cause(), "start-failed(mount-proc)");
}

TEST_F(EngineTest, LeavesNoSandboxBehind) {
  start();
  const v1::Node job = wait(run({"exit", "0"}));
  EXPECT_EQ(wait(job.sandbox()).state(), "STOPPED");
  EXPECT_EQ(provider_.sandboxes(), 0U);
}

TEST_F(EngineTest, GivesAForegroundClientItsDescriptorsAndTheEnd) {
  start();
  wire::ClientChannel channel = connect();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.set_output(true);
  request.mutable_spec()->set_input(true);
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  v1::RunEvent event;
  auto first = channel.next();
  ASSERT_TRUE(first.has_value() && event.ParseFromString(first->message));
  EXPECT_EQ(event.seq(), 1U);
  EXPECT_TRUE(event.has_input() && event.has_output());
  EXPECT_EQ(first->descriptors.size(), 4U);
  provider_.exit_with(id_of(event.id()), 3);
  auto last = channel.next();
  ASSERT_TRUE(last.has_value() && event.ParseFromString(last->message));
  EXPECT_EQ(event.ended().exit_code(), 3);
}

TEST_F(EngineTest, StopsWithTheSignalAndKillsWhatIgnoresIt) {
  start();
  const auto polite = stop_job(run({"sleep"}), 60'000);
  ASSERT_TRUE(polite.has_value()) << polite.error().message;
  EXPECT_EQ(polite->state(), "STOPPED");
  EXPECT_EQ(polite->cause(), "stopped-by(root)");
  EXPECT_EQ(polite->exit_code(), 128 + SIGTERM);
  const auto killed = stop_job(run({"stubborn"}), 10);
  ASSERT_TRUE(killed.has_value()) << killed.error().message;
  EXPECT_EQ(killed->state(), "STOPPED");
  EXPECT_EQ(killed->exit_code(), 128 + SIGKILL);
}

TEST_F(EngineTest, RefusesToStopWhatHasEnded) {
  start();
  const std::string id = run({"exit", "0"});
  std::ignore = wait(id);
  EXPECT_THAT(stop_job(id, 0), HoldsError(Errc::kFailedPrecondition, HasSubstr("already ended")));
}

TEST_F(EngineTest, EndsACommandAtItsTimeOut) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->mutable_limits()->set_timeout_ms(20);
  const v1::Node job = wait(run(request)->id());
  EXPECT_EQ(job.state(), "FAILED");
  EXPECT_EQ(job.cause(), "timeout");
  EXPECT_EQ(job.exit_code(), 124);
}

TEST_F(EngineTest, PausesResumesAndStopsAPausedJob) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  EXPECT_EQ(on_node(wire::kPause, id)->state(), "PAUSED");
  EXPECT_THAT(on_node(wire::kPause, id),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("PAUSED")));
  EXPECT_EQ(on_node(wire::kResume, id)->state(), "RUNNING");
  EXPECT_EQ(on_node(wire::kPause, id)->state(), "PAUSED");
  EXPECT_EQ(stop_job(id, 60'000)->exit_code(), 128 + SIGTERM);
}

TEST_F(EngineTest, QueuesBeyondItsSlotsAndEndsWhatStillWaits) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  const std::string second = run({"sleep"});
  const std::string third = run({"exit", "0"});
  EXPECT_EQ(on_node(wire::kGet, second)->state(), "QUEUED");
  EXPECT_EQ(stop_job(second, 0)->state(), "STOPPED");
  EXPECT_EQ(on_node(wire::kGet, third)->state(), "QUEUED");
  EXPECT_EQ(stop_job(first, 60'000)->state(), "STOPPED");
  EXPECT_EQ(wait(third).state(), "COMPLETED");
  EXPECT_THAT(states_of(all_events(second)), ElementsAre("QUEUED", "STOPPED"));
}

TEST_F(EngineTest, AnswersARepeatedKeyWithTheFirstJob) {
  start();
  v1::RunRequest request = request_for({"exit", "4"});
  request.set_idempotency_key("k");
  const auto first = run(request);
  ASSERT_TRUE(first.has_value());
  std::ignore = wait(first->id());
  EXPECT_EQ(run(request)->id(), first->id());
  restart();
  EXPECT_EQ(run(request)->id(), first->id());
  request.mutable_spec()->set_argv(1, "5");
  EXPECT_THAT(run(request), HoldsError(Errc::kAlreadyExists, HasSubstr("'k'")));
  EXPECT_EQ(wait("1").id(), first->id());
}

TEST_F(EngineTest, FindsNodesBySeqNameAndStartOfTheId) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->set_name("web");
  const std::string id = run(request)->id();
  EXPECT_EQ(on_node(wire::kGet, "1")->id(), id);
  EXPECT_EQ(on_node(wire::kGet, "web")->id(), id);
  EXPECT_EQ(on_node(wire::kGet, id.substr(0, 30))->id(), id);
  EXPECT_THAT(on_node(wire::kGet, "nobody"), HoldsError(Errc::kNotFound, HasSubstr("'nobody'")));
  EXPECT_THAT(run(request), HoldsError(Errc::kAlreadyExists, HasSubstr("'web'")));
  std::ignore = stop_job(id, 60'000);
  EXPECT_EQ(on_node(wire::kGet, "web")->id(), id);
  EXPECT_NE(run(request)->id(), id);
}

TEST_F(EngineTest, FindsTheOnlyJobByTheFirstCharactersOfItsId) {
  start();
  const std::string id = run({"sleep"});
  EXPECT_EQ(on_node(wire::kGet, id.substr(0, 8))->id(), id);
  std::ignore = stop_job(id, 60'000);
  EXPECT_EQ(on_node(wire::kGet, id.substr(0, 8))->id(), id);
}

TEST_F(EngineTest, ListsTheCandidatesOfAnAmbiguousStart) {
  start();
  const std::string first = run({"sleep"});
  const std::string second = run({"sleep"});
  const auto [at, ignored] = std::ranges::mismatch(first, second);
  const std::string common(first.begin(), at);
  ASSERT_GE(common.size(), 6U);
  EXPECT_THAT(on_node(wire::kGet, common), HoldsError(Errc::kInvalidArgument, HasSubstr(first)));
}

TEST_F(EngineTest, FollowsEventsWithoutGapOrRepetition) {
  start();
  wire::ClientChannel channel = connect();
  v1::EventsRequest request;
  request.set_follow(true);
  ASSERT_TRUE(channel.open(wire::kEvents, request).has_value());
  std::set<std::string> running;
  for (int i = 0; i < 20; ++i) running.insert(run({"exit", "0"}));
  std::vector<std::uint64_t> seen;
  while (!running.empty()) {
    const auto next = channel.next();
    ASSERT_TRUE(next.has_value() && !next->end);
    v1::NodeEvent event;
    ASSERT_TRUE(event.ParseFromString(next->message));
    seen.push_back(event.number());
    if (event.state() == "COMPLETED") running.erase(event.node());
  }
  std::vector<std::uint64_t> stored;
  for (const v1::NodeEvent& event : all_events()) stored.push_back(event.number());
  stored.resize(std::min(stored.size(), seen.size()));
  EXPECT_EQ(seen, stored);
}

TEST_F(EngineTest, DeletesOnlyWhatHasEnded) {
  start();
  const std::string id = run({"sleep"});
  EXPECT_THAT(on_node(wire::kDelete, id),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("stop it")));
  std::ignore = stop_job(id, 60'000);
  EXPECT_TRUE(on_node(wire::kDelete, id).has_value());
  EXPECT_THAT(on_node(wire::kGet, id), HoldsError(Errc::kNotFound, HasSubstr(id)));
}

TEST_F(EngineTest, ForgetsAJobThatWasToBeForgottenOnceItsClientKnowsItsEnd) {
  start();
  v1::RunRequest request = request_for({"exit", "2"});
  request.set_detach(false);
  request.mutable_spec()->set_forget_when_ended(true);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  v1::RunEvent event;
  while (!event.has_ended()) ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_EQ(event.ended().exit_code(), 2);
  await_forgotten(event.ended().sandbox());
  EXPECT_THAT(on_node(wire::kGet, event.ended().id()),
              HoldsError(Errc::kNotFound, HasSubstr(event.ended().id())));
}

TEST_F(EngineTest, StopsAJobWhoseClientHasGoneWhereThatWasAsked) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.mutable_spec()->set_stop_on_client_exit(true);
  {
    wire::ClientChannel channel = connect();
    ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
    ASSERT_TRUE(channel.next().has_value());
  }
  EXPECT_EQ(wait("1").cause(), "stopped-by(root)");
}

TEST_F(EngineTest, CancelsChildrenOfAFailedParentBeforeItCountsAsEnded) {
  start();
  const std::string parent = run({"sleep"});
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->set_parent(parent);
  const std::string child = run(request)->id();
  wait_for_state(child, "RUNNING");
  provider_.exit_with(id_of(parent), 1);
  EXPECT_EQ(wait(parent).cause(), "exited(1)");
  const v1::Node ended = wait(child);
  EXPECT_EQ(ended.state(), "CANCELLED");
  EXPECT_EQ(ended.cause(), "cancelled-by(" + parent + ")");
  EXPECT_THAT(run(request), HoldsError(Errc::kFailedPrecondition, HasSubstr("parent")));
}

TEST_F(EngineTest, AParentThatSucceedsWaitsForItsChildren) {
  start();
  const std::string parent = run({"sleep"});
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->set_parent(parent);
  const std::string child = run(request)->id();
  wait_for_state(child, "RUNNING");
  provider_.exit_with(id_of(parent), 0);
  EXPECT_EQ(on_node(wire::kGet, parent)->state(), "RUNNING");
  provider_.exit_with(id_of(child), 0);
  EXPECT_EQ(wait(parent).state(), "COMPLETED");
}

TEST_F(EngineTest, StartsAfterAnUploadAndNotWhenItFails) {
  start();
  for (const bool works : {true, false}) {
    wire::ClientChannel channel = connect();
    v1::RunRequest request = request_for({"exit", "0"});
    request.set_detach(false);
    request.mutable_spec()->set_uploads(true);
    ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
    v1::RunEvent event;
    const auto first = channel.next();
    ASSERT_TRUE(first.has_value() && event.ParseFromString(first->message));
    EXPECT_TRUE(event.has_uploads());
    EXPECT_EQ(first->descriptors.size(), 1U);
    provider_.finish_uploads(works ? Result<>()
                                   : fail(Errc::kInvalidArgument, "not a tar archive"));
    EXPECT_EQ(wait(event.id()).cause(), works ? "exited(0)" : "start-failed(upload)");
  }
}

TEST_F(EngineTest, HandsOutTheOutputAndSaysWhenItIsComplete) {
  start();
  const std::string id = run({"exit", "0"});
  wire::ClientChannel channel = connect();
  v1::LogRequest request;
  request.set_node(id);
  request.set_follow(true);
  ASSERT_TRUE(channel.open(wire::kLog, request).has_value());
  v1::LogEvent event;
  const auto first = channel.next();
  ASSERT_TRUE(first.has_value() && event.ParseFromString(first->message));
  EXPECT_TRUE(event.opened());
  EXPECT_EQ(first->descriptors.size(), 3U);
  ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_TRUE(event.ended());
  EXPECT_EQ(event.stdout_bytes(), 6U);
}

TEST_F(EngineTest, DoesNotWaitForAnOutputThatNobodyFollows) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  v1::LogRequest request;
  request.set_node(run({"exit", "0"}));
  wire::ClientChannel channel = connect();
  EXPECT_THAT(channel.exchange(wire::kLog, request),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("has not started")));
}

TEST_F(EngineTest, RefusesWhatTheSpecOrTheHostForbidsAndLeavesNothing) {
  start();
  EXPECT_THAT(run(request_for({})), HoldsError(Errc::kInvalidArgument, HasSubstr("")));
  v1::RunRequest request = request_for({"true"});
  request.mutable_spec()->set_image("nosuch");
  EXPECT_THAT(run(request), HoldsError(Errc::kNotFound, HasSubstr("'nosuch'")));
  EXPECT_THAT(call<v1::ListReply>(wire::kList, v1::ListRequest())->nodes(), IsEmpty());
}

TEST_F(EngineTest, ReadsStatisticsOfWhatRuns) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  const auto answer = call<v1::StatsEvent>(wire::kStats, v1::StatsRequest());
  ASSERT_TRUE(answer.has_value());
  ASSERT_EQ(answer->readings_size(), 1);
  EXPECT_EQ(answer->readings(0).id(), id);
  EXPECT_EQ(answer->readings(0).usage().cpu_usec(), 42U);
}

TEST_F(EngineTest, ShowsAMessageThatIsNotUtf8) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  provider::Ended how;
  how.failed_stage = "upload";
  how.message = "entry \xff";
  provider_.end(id_of(id), std::move(how));
  EXPECT_EQ(wait(id).message(), "entry \xef\xbf\xbd");
}

TEST_F(EngineTest, EndsWhenAnAdminAsksAndLeavesJobsAlone) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  ASSERT_TRUE(call<v1::Empty>(wire::kShutdown, v1::Empty()).has_value());
  engine_->join();
  EXPECT_EQ(provider_.sandboxes(), 1U);
  restart();
  EXPECT_EQ(on_node(wire::kGet, id)->state(), "RUNNING");
}

TEST_F(EngineTest, EndsWhenItIsToldToAlthoughNothingCanBeRecorded) {
  start(with_slots(1));
  const std::string running = run({"sleep"});
  wait_for_state(running, "RUNNING");
  const std::string waiting = run({"sleep"});
  {
    auto database = store::Database::open(places_.state_dir / "state.db");
    ASSERT_TRUE(database.has_value());
    const auto lock = store::Transaction::begin(*database);
    ASSERT_TRUE(lock.has_value());
    wire::ClientChannel channel = connect();
    v1::StopRequest request;
    request.set_node(waiting);
    ASSERT_TRUE(channel.open(wire::kStop, request).has_value());
    ASSERT_TRUE(call<v1::Empty>(wire::kShutdown, v1::Empty()).has_value());
    engine_->join();
  }
  restart();
  EXPECT_EQ(on_node(wire::kGet, running)->state(), "RUNNING");
}

}  // namespace
}  // namespace warren::engine
