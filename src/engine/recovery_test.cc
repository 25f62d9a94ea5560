// SPDX-License-Identifier: Apache-2.0

#include "engine/recovery.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/clock.h"
#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class RecoveryTest : public EngineTest {
 protected:
  void lose_database() const {
    for (const char* name : {"state.db-wal", "state.db-shm"}) {
      std::filesystem::remove(places_.state_dir / name);
    }
    std::ofstream(places_.state_dir / "state.db") << std::string(8192, 'x');
  }
  // Whether doctor has something to say of `name`.
  [[nodiscard]] bool is_checked(const std::string& name) {
    const auto answer = call<v1::DoctorReply>(wire::kDoctor, v1::Empty());
    EXPECT_TRUE(answer.has_value());
    return answer && std::ranges::any_of(
                         answer->checks(),
                         [&](const v1::DoctorReply::Check& check) { return check.name() == name; });
  }
};

TEST_F(RecoveryTest, TakesOverWhatRunsAndLearnsItsOwnEnd) {
  start();
  std::vector<std::string> jobs;
  jobs.reserve(20);
  for (int i = 0; i < 20; ++i) jobs.push_back(run({"sleep"}));
  for (const std::string& job : jobs) wait_for_state(job, "RUNNING");
  restart();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(on_node(wire::kGet, jobs[i])->state(), "RUNNING");
    provider_.exit_with(id_of(jobs[i]), static_cast<int>(i));
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const v1::Node job = wait(jobs[i]);
    EXPECT_EQ(job.exit_code(), static_cast<int>(i));
    EXPECT_EQ(wait(job.sandbox()).state(), "STOPPED");
  }
  EXPECT_EQ(provider_.sandboxes(), 0U);
}

TEST_F(RecoveryTest, LearnsAnEndThatWasRecordedWhileNoEngineRan) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  stop();
  provider_.exit_with(id_of(id), 9);
  start();
  EXPECT_EQ(wait(id).cause(), "exited(9)");
}

TEST_F(RecoveryTest, CallsAVanishedSandboxLost) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  stop();
  provider_.lose(id_of(id));
  start();
  const v1::Node job = wait(id);
  EXPECT_EQ(job.state(), "LOST");
  EXPECT_EQ(job.cause(), "init-lost");
  EXPECT_EQ(wait(job.sandbox()).state(), "STOPPED");
}

TEST_F(RecoveryTest, QueuesAgainWhatWaitedAndContinuesTheNumbering) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  const std::string second = run({"exit", "0"});
  restart(with_slots(1));
  EXPECT_EQ(on_node(wire::kGet, second)->state(), "QUEUED");
  provider_.exit_with(id_of(first), 0);
  EXPECT_EQ(wait(second).state(), "COMPLETED");
  EXPECT_EQ(wait(run({"exit", "0"})).seq(), 3U);
}

TEST_F(RecoveryTest, GivesInputAndOutputToAClientThatIsBackBeforeTheStart) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_detach(false);
  request.set_output(true);
  request.set_idempotency_key("k");
  request.mutable_spec()->set_input(true);
  const auto next_event = [](wire::ClientChannel& channel) {
    v1::RunEvent event;
    const auto next = channel.next();
    EXPECT_TRUE(next.has_value() && !next->end && event.ParseFromString(next->message));
    return event;
  };
  wire::ClientChannel lost = connect();
  ASSERT_TRUE(lost.open(wire::kRun, request).has_value());
  const std::string id = next_event(lost).id();
  restart(with_slots(1));

  wire::ClientChannel again = connect();
  ASSERT_TRUE(again.open(wire::kRun, request).has_value());
  const v1::RunEvent accepted = next_event(again);
  EXPECT_EQ(accepted.id(), id);
  EXPECT_FALSE(accepted.has_output());
  provider_.exit_with(id_of(first), 0);
  const v1::RunEvent begun = next_event(again);
  EXPECT_TRUE(begun.has_output());
  EXPECT_TRUE(begun.has_input());
  EXPECT_EQ(next_event(again).ended().state(), "COMPLETED");
}

TEST_F(RecoveryTest, GivesTheInputThatItsSandboxHasKeptToAClientThatIsBack) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.set_idempotency_key("k");
  request.mutable_spec()->set_input(true);
  const auto next_event = [](wire::ClientChannel& channel) {
    v1::RunEvent event;
    const auto next = channel.next();
    EXPECT_TRUE(next.has_value() && !next->end && event.ParseFromString(next->message));
    return event;
  };
  wire::ClientChannel lost = connect();
  ASSERT_TRUE(lost.open(wire::kRun, request).has_value());
  const std::string id = next_event(lost).id();
  restart();

  const std::string sandbox = on_node(wire::kGet, id)->sandbox();
  wire::ClientChannel again = connect();
  ASSERT_TRUE(again.open(wire::kRun, request).has_value());
  EXPECT_TRUE(next_event(again).has_input());
  EXPECT_THAT(provider_.calls(), ::testing::Contains("take-input " + sandbox));
  provider_.exit_with(id_of(id), 0);
  EXPECT_EQ(next_event(again).ended().state(), "COMPLETED");
}

TEST_F(RecoveryTest, EndsAnInputThatNoClientComesBackFor) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->set_input(true);
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  wait_for_state(event->id(), "RUNNING");
  restart();
  const std::string released = "release-input " + on_node(wire::kGet, event->id())->sandbox();
  const auto releases = [&] { return std::ranges::count(provider_.calls(), released); };
  const auto before = releases();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (releases() == before && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(releases(), before + 1);
  EXPECT_THAT(provider_.calls(),
              ::testing::Not(::testing::Contains(::testing::HasSubstr("take-input"))));
}

TEST_F(RecoveryTest, CompletesAStopThatWasUnderWay) {
  start();
  const std::string id = run({"stubborn"});
  wait_for_state(id, "RUNNING");
  wire::ClientChannel channel = connect();
  v1::StopRequest request;
  request.set_node(id);
  request.set_grace_ms(3'600'000);
  ASSERT_TRUE(channel.open(wire::kStop, request).has_value());
  wait_for_state(id, "STOPPING");
  restart();
  const v1::Node job = wait(id);
  EXPECT_EQ(job.state(), "STOPPED");
  EXPECT_EQ(job.cause(), "stopped-by(root)");
  EXPECT_EQ(job.exit_code(), 128 + SIGKILL);
}

TEST_F(RecoveryTest, HonoursADeadlineThatPassedWhileNoEngineRan) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->mutable_limits()->set_timeout_ms(3'600'000);
  const std::string id = run(request)->id();
  wait_for_state(id, "RUNNING");
  stop();
  set_clock_ahead(std::chrono::hours(1));
  start();
  EXPECT_EQ(wait(id).cause(), "timeout");
}

TEST_F(RecoveryTest, GivesNoMoreThanTheWholeTimeWhenTheClockWasSetBackMeanwhile) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->mutable_limits()->set_timeout_ms(500);
  const std::string id = run(request)->id();
  wait_for_state(id, "RUNNING");
  stop();
  set_clock_ahead(std::chrono::hours(-10));
  start();
  EXPECT_EQ(wait(id).cause(), "timeout");
}

TEST_F(RecoveryTest, ForgetsWhatEndedWhileNoEngineRan) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.mutable_spec()->set_forget_when_ended(true);
  const std::string id = run(request)->id();
  wait_for_state(id, "RUNNING");
  const std::string sandbox = on_node(wire::kGet, id)->sandbox();
  stop();
  provider_.exit_with(id_of(id), 0);
  start();
  await_forgotten(sandbox);
  EXPECT_THAT(on_node(wire::kGet, id), HoldsError(Errc::kNotFound, HasSubstr(id)));
  EXPECT_EQ(provider_.sandboxes(), 0U);
}

TEST_F(RecoveryTest, TellsAClientThatIsBackHowAJobToBeForgottenEndedAndThenForgetsIt) {
  start();
  v1::RunRequest request = request_for({"sleep"});
  request.set_detach(false);
  request.set_idempotency_key("k");
  request.mutable_spec()->set_forget_when_ended(true);
  std::string id;
  {
    wire::ClientChannel lost = connect();
    ASSERT_TRUE(lost.open(wire::kRun, request).has_value());
    ASSERT_TRUE(lost.next().has_value());
    wait_for_state("1", "RUNNING");
    id = on_node(wire::kGet, "1")->id();
    stop();
  }
  provider_.exit_with(id_of(id), 7);
  start();
  wire::ClientChannel again = connect();
  ASSERT_TRUE(again.open(wire::kRun, request).has_value());
  v1::RunEvent event;
  while (!event.has_ended()) ASSERT_TRUE(event.ParseFromString(again.next()->message));
  EXPECT_EQ(event.ended().exit_code(), 7);
  await_forgotten(event.ended().sandbox());
  EXPECT_THAT(run(request), HoldsError(Errc::kNotFound, HasSubstr("has been forgotten")));
}

TEST_F(RecoveryTest, CountsWhatRunsBeforeItAdmitsWhatWaits) {
  start(with_slots(1));
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  const std::string older = run({"sleep"});
  v1::RunRequest urgent = request_for({"sleep"});
  urgent.mutable_spec()->set_priority(1);
  const std::string younger = run(urgent)->id();
  provider_.exit_with(id_of(first), 0);
  wait_for_state(younger, "RUNNING");
  restart(with_slots(1));
  EXPECT_EQ(on_node(wire::kGet, older)->state(), "QUEUED");
  EXPECT_EQ(on_node(wire::kGet, younger)->state(), "RUNNING");
}

// Two jobs that an engine was about to start when it died; only one of them has room now.
TEST_F(RecoveryTest, DoesNotStartASecondTimeWhatIsStoppedWhileItWaits) {
  ASSERT_TRUE(prepare(places_, {}).has_value());
  auto opened = store::Store::open(places_.state_dir, store::Durability::kProcess);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  store::Batch rows;
  std::vector<std::string> ids;
  for (std::uint8_t seq = 1; seq <= 2; ++seq) {
    model::Node process;
    process.id = NodeId::make(now(), {seq});
    process.seq = seq;
    process.owner.name = "root";
    process.spec.process.argv = {"sleep"};
    process.state = model::State::kStarting;
    process.created_at = now();
    model::Node sandbox = process;
    sandbox.id = NodeId::make(now(), {seq, 1});
    sandbox.seq = 0;
    sandbox.kind = model::Kind::kSandbox;
    sandbox.parent = process.id;
    process.kind = model::Kind::kProcess;
    process.sandbox = sandbox.id;
    ids.push_back(process.id.to_text());
    rows.emplace_back(store::InsertNode{process});
    rows.emplace_back(store::InsertNode{sandbox});
  }
  std::promise<Result<>> stored;
  opened->store->submit(std::move(rows), [&](Result<> result) { stored.set_value(result); });
  ASSERT_TRUE(stored.get_future().get().has_value());
  opened->store.reset();

  start(with_slots(1));
  wait_for_state(ids[0], "RUNNING");
  EXPECT_EQ(stop_job(ids[1], 60'000)->state(), "STOPPED");
  EXPECT_THAT(provider_.calls(), ::testing::Not(::testing::Contains("start " + ids[1])));
  EXPECT_EQ(on_node(wire::kGet, ids[0])->state(), "RUNNING");
}

TEST_F(RecoveryTest, KillsNothingWhenTheRecordOfWhatRunsIsLost) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  stop();
  lose_database();
  start();
  EXPECT_THAT(on_node(wire::kGet, id), HoldsError(Errc::kNotFound, HasSubstr(id)));
  for (int engines = 0; engines < 3; ++engines) {
    EXPECT_EQ(provider_.sandboxes(), 1U);
    EXPECT_TRUE(is_checked("state.set-aside"));
    restart();
  }
}

TEST_F(RecoveryTest, RemovesWhatNobodyClaimsOnceTheLostDatabaseIsMovedAway) {
  start();
  wait_for_state(run({"sleep"}), "RUNNING");
  stop();
  lose_database();
  start();
  stop();
  for (const auto& file : std::filesystem::directory_iterator(places_.state_dir)) {
    if (!file.path().filename().string().starts_with("state.db.corrupt-")) continue;
    std::filesystem::rename(file.path(), directory_.path() / file.path().filename());
  }
  start();
  EXPECT_EQ(provider_.sandboxes(), 0U);
  EXPECT_FALSE(is_checked("state.set-aside"));
}

TEST_F(RecoveryTest, KeepsAPausedJobPaused) {
  start();
  const std::string id = run({"sleep"});
  wait_for_state(id, "RUNNING");
  ASSERT_TRUE(on_node(wire::kPause, id).has_value());
  restart();
  EXPECT_EQ(on_node(wire::kGet, id)->state(), "PAUSED");
  EXPECT_EQ(on_node(wire::kResume, id)->state(), "RUNNING");
  EXPECT_EQ(stop_job(id, 60'000)->state(), "STOPPED");
}

TEST_F(RecoveryTest, DoesNotStartAJobWhoseUploadWasCutOff) {
  start();
  wire::ClientChannel channel = connect();
  v1::RunRequest request = request_for({"exit", "0"});
  request.mutable_spec()->set_uploads(true);
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  ASSERT_TRUE(channel.next().has_value());
  restart();
  const v1::Node job = wait("1");
  EXPECT_EQ(job.cause(), "start-failed(upload)");
  EXPECT_THAT(job.message(), HasSubstr("restarted"));
}

}  // namespace
}  // namespace warren::engine
