// SPDX-License-Identifier: Apache-2.0

#include "engine/run_calls.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::warren::test::HoldsError;

std::vector<std::int64_t> moments_of(const v1::StartStages& stages) {
  return {stages.received_ns(), stages.accepted_ns(), stages.committed_ns(), stages.admitted_ns(),
          stages.taken_ns(),    stages.prepared_ns(), stages.launching_ns(), stages.cloning_ns(),
          stages.began_ns(),    stages.built_ns(),    stages.spawned_ns(),   stages.known_ns(),
          stages.settled_ns()};
}

std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

class RunCall : public EngineTest {
 protected:
  [[nodiscard]] static v1::RunRequest request_with_files() {
    v1::RunRequest request = request_for({"exit", "0"});
    request.set_idempotency_key("k");
    request.mutable_spec()->set_uploads(true);
    return request;
  }
  // A client that has got as far as sending its files.
  [[nodiscard]] wire::ClientChannel begin_sending(const v1::RunRequest& request) {
    wire::ClientChannel channel = connect();
    EXPECT_TRUE(channel.open(wire::kRun, request).has_value());
    EXPECT_TRUE(channel.next().has_value());
    return channel;
  }
};

TEST_F(RunCall, TellsOfTheStagesOfAStartInTheirOrder) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_stages(true);
  const std::int64_t before = monotonic_ns();
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  const std::vector<std::int64_t> moments = moments_of(event->stages());
  EXPECT_THAT(moments, Each(AllOf(Ge(before), Le(monotonic_ns()))));
  EXPECT_TRUE(std::ranges::is_sorted(moments)) << ::testing::PrintToString(moments);
}

TEST_F(RunCall, TellsOfNoStagesUnasked) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_output(true);
  EXPECT_FALSE(run(request)->has_stages());
}

TEST_F(RunCall, TellsOfNoStagesOfAStartThatFailed) {
  start();
  v1::RunRequest request = request_for({"fail", "mount"});
  request.set_stages(true);
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(wait(event->id()).state(), "FAILED");
  EXPECT_FALSE(event->has_stages());
}

TEST_F(RunCall, TellsOfTheTimeAJobHadToWaitForItsTurn) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_stages(true);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  ASSERT_TRUE(channel.next().has_value());  // Its introduction: it has to wait.
  const std::int64_t waiting = monotonic_ns();
  provider_.exit_with(id_of(first), 0);
  const auto second = channel.next();
  ASSERT_TRUE(second.has_value());
  v1::RunEvent event;
  ASSERT_TRUE(event.ParseFromString(second->message));
  EXPECT_LT(event.stages().committed_ns(), waiting);
  EXPECT_GT(event.stages().admitted_ns(), waiting);
}

TEST_F(RunCall, SaysOfAJobWithFilesTooThatItHasToWait) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  v1::RunRequest request = request_with_files();
  request.set_stages(true);
  wire::ClientChannel channel = begin_sending(request);
  provider_.finish_uploads({});
  v1::RunEvent event;
  ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_FALSE(event.has_uploads() || event.has_stages());
  EXPECT_EQ(on_node(wire::kGet, event.id())->state(), "QUEUED");
  provider_.exit_with(id_of(first), 0);
  ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_TRUE(event.has_stages());
}

TEST_F(RunCall, RefusesAKeyThatIsTooLong) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key(std::string(256, 'k'));
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("255")));
}

TEST_F(RunCall, ARepeatedCallMayHaveNoMoreInputToGive) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key("k");
  request.mutable_spec()->set_input(true);
  const std::string id = run(request)->id();
  request.mutable_spec()->set_input(false);
  EXPECT_EQ(run(request)->id(), id);
}

TEST_F(RunCall, SaysThatThereIsNoPlaceForTheFilesOfADetachedJob) {
  provider_.bound_uploads(0);
  start();
  EXPECT_THAT(run(request_with_files()), HoldsError(Errc::kResourceExhausted, HasSubstr("upload")));
  EXPECT_EQ(wait("1").cause(), "start-failed(upload)");
}

TEST_F(RunCall, SaysOfARepeatedCallWhetherItsFilesArrived) {
  start();
  const wire::ClientChannel channel = begin_sending(request_with_files());
  provider_.finish_uploads({});
  EXPECT_EQ(wait("1").state(), "COMPLETED");
  EXPECT_EQ(run(request_with_files())->seq(), 1U);

  v1::RunRequest other = request_with_files();
  other.set_idempotency_key("other");
  const wire::ClientChannel second = begin_sending(other);
  provider_.finish_uploads(fail(Errc::kInvalidArgument, "no archive"));
  const auto says_why = HoldsError(Errc::kFailedPrecondition, "upload: no archive");
  EXPECT_THAT(run(other), says_why);
  EXPECT_EQ(wait("2").cause(), "start-failed(upload)");
  EXPECT_THAT(run(other), says_why);
}

TEST_F(RunCall, SaysOfARepeatedCallThatItsFilesWereLostWithTheEngine) {
  start();
  const wire::ClientChannel channel = begin_sending(request_with_files());
  restart();
  EXPECT_THAT(run(request_with_files()),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("were lost")));
}

TEST_F(RunCall, TheEndOfTheEngineIsNotThatOfItsClients) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.mutable_spec()->set_stop_on_client_exit(true);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  ASSERT_TRUE(channel.next().has_value());
  wait_for_state("1", "RUNNING");
  ASSERT_TRUE(call<v1::Empty>(wire::kShutdown, v1::Empty()).has_value());
  engine_->join();
  restart();
  EXPECT_EQ(on_node(wire::kGet, "1")->state(), "RUNNING");
}

TEST_F(RunCall, StopsAJobWhoseClientCameBackAndHasGone) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_idempotency_key("k");
  request.mutable_spec()->set_stop_on_client_exit(true);
  const std::string id = run(request)->id();
  request.set_detach(false);
  {
    wire::ClientChannel channel = connect();
    ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
    ASSERT_TRUE(channel.next().has_value());
  }
  EXPECT_EQ(wait(id).cause(), "stopped-by(root)");
}

TEST_F(RunCall, ADefaultOfZeroIsNoLimit) {
  Config config;
  config.default_pids = 0;
  config.default_log = Bytes{};
  start(config);
  const auto job = on_node(wire::kGet, run({"sleep"}));
  ASSERT_TRUE(job.has_value());
  EXPECT_FALSE(job->limits().has_pids() || job->limits().has_log_bytes());
}

}  // namespace
}  // namespace warren::engine
