// SPDX-License-Identifier: Apache-2.0
//
// Jobs that wait for a time, through the API.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/engine_fixture.h"
#include "os/file.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::warren::test::HoldsError;
using namespace std::chrono_literals;

class ScheduleTest : public EngineTest {
 protected:
  [[nodiscard]] static v1::RunRequest request_after(Duration after,
                                                    std::vector<std::string> argv = {"exit", "0"}) {
    v1::RunRequest request = request_for(std::move(argv));
    request.mutable_spec()->mutable_schedule()->set_after_ms(
        static_cast<std::uint64_t>(after.count()));
    return request;
  }
  [[nodiscard]] std::string run_after(Duration after,
                                      std::vector<std::string> argv = {"exit", "0"}) {
    const auto event = run(request_after(after, std::move(argv)));
    EXPECT_TRUE(event.has_value()) << event.error().message;
    return event ? event->id() : "";
  }
  [[nodiscard]] std::vector<std::string> states_of(const std::string& node) {
    std::vector<std::string> states;
    for (const v1::NodeEvent& event : all_events(node)) states.push_back(event.state());
    return states;
  }
  // A job whose client has written `archive`, and how the engine answered for it.
  struct Uploaded {
    std::string id;
    Result<> outcome;
  };
  [[nodiscard]] Uploaded run_with_archive(Duration after, const std::string& archive) {
    v1::RunRequest request = request_after(after);
    request.mutable_spec()->set_uploads(true);
    wire::ClientChannel channel = connect();
    EXPECT_TRUE(channel.open(wire::kRun, request).has_value());
    auto first = channel.next();
    v1::RunEvent event;
    EXPECT_TRUE(event.ParseFromString(first->message));
    EXPECT_TRUE(event.has_uploads());
    EXPECT_TRUE(os::write_all(first->descriptors.at(0).get(), std::as_bytes(std::span(archive))));
    first->descriptors.clear();
    return {.id = event.id(), .outcome = *channel.next()->end};
  }
  // A client that has begun to send the files of a job, and goes on as long as it is there.
  [[nodiscard]] wire::ClientChannel occupy_upload() {
    v1::RunRequest request = request_for({"exit", "0"});
    request.mutable_spec()->set_uploads(true);
    wire::ClientChannel channel = connect();
    EXPECT_TRUE(channel.open(wire::kRun, request).has_value());
    EXPECT_TRUE(channel.next().has_value());
    return channel;
  }
  // Waits until the provider was asked to take its archive.
  void wait_for_upload(const std::string& job) {
    const auto was_asked = [&] {
      return std::ranges::count(provider_.calls(), "upload " + job) > 0;
    };
    while (!was_asked()) std::ignore = on_node(wire::kGet, job);
  }
  // Its archive is unpacked as soon as the provider has it.
  void finish_uploads_until_end(const std::string& job) {
    while (on_node(wire::kGet, job)->ended_at() == 0) provider_.finish_uploads({});
  }
  [[nodiscard]] std::vector<std::string> kept_archives() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(places_.state_dir / "uploads")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  [[nodiscard]] std::vector<std::string> starts() const {
    std::vector<std::string> starts = provider_.calls();
    std::erase_if(starts, [](const std::string& call) { return !call.starts_with("start "); });
    return starts;
  }
};

TEST_F(ScheduleTest, WaitsForItsTimeAndHoldsNothingUntilThen) {
  start(with_slots(1));
  const Timestamp before = now();
  const std::string id = run_after(1h);
  const v1::Node node = *on_node(wire::kGet, id);
  EXPECT_EQ(node.state(), "SCHEDULED");
  EXPECT_GE(node.scheduled_at(), (before + 1h).time_since_epoch().count());
  EXPECT_LE(node.scheduled_at(), (now() + 1h).time_since_epoch().count());
  EXPECT_EQ(provider_.reservations(), 0U);
  EXPECT_EQ(wait(run({"exit", "0"})).state(), "COMPLETED");  // The slot is free.
}

TEST_F(ScheduleTest, RunsOnceItsTimeHasCome) {
  start();
  const Timestamp before = now();
  const v1::Node node = wait(run_after(50ms, {"exit", "7"}));
  EXPECT_EQ(node.exit_code(), 7);
  EXPECT_GE(node.started_at(), node.scheduled_at());
  EXPECT_GE(node.scheduled_at(), (before + 50ms).time_since_epoch().count());
  EXPECT_EQ(node.message(), "");
  EXPECT_THAT(states_of(node.id()),
              ElementsAre("SCHEDULED", "QUEUED", "STARTING", "RUNNING", "FAILED"));
  EXPECT_EQ(wait(node.sandbox()).state(), "STOPPED");
  EXPECT_EQ(provider_.reservations(), 0U);
}

TEST_F(ScheduleTest, TakesNothingAsTooSoonAndAnInstantAsItIs) {
  start();
  EXPECT_EQ(wait(run_after(0ms)).state(), "COMPLETED");
  const Timestamp at = now() + 2s;
  v1::RunRequest request = request_for({"exit", "0"});
  request.mutable_spec()->mutable_schedule()->set_at(at.time_since_epoch().count());
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(wait(event->id()).scheduled_at(), at.time_since_epoch().count());
}

TEST_F(ScheduleTest, ShowsAClientInTheForegroundItsIdAtOnceAndThenTheEnd) {
  start();
  v1::RunRequest request = request_after(100ms);
  request.set_detach(false);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  v1::RunEvent event;
  ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_EQ(on_node(wire::kGet, event.id())->seq(), event.seq());
  ASSERT_TRUE(event.ParseFromString(channel.next()->message));
  EXPECT_EQ(event.ended().state(), "COMPLETED");
}

TEST_F(ScheduleTest, IsStoppedBeforeItsTimeWithoutHavingRun) {
  start();
  const std::string id = run_after(1h);
  const auto stopped = stop_job(id, 0);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message;
  EXPECT_EQ(stopped->state(), "STOPPED");
  EXPECT_EQ(stopped->exit_code(), 143);
  EXPECT_THAT(stopped->cause(), StartsWith("stopped-by("));
  EXPECT_EQ(wait(stopped->sandbox()).state(), "STOPPED");
  EXPECT_THAT(starts(), ElementsAre());
}

TEST_F(ScheduleTest, EndsWithItsParent) {
  start();
  const std::string parent = run({"sleep"});
  wait_for_state(parent, "RUNNING");
  v1::RunRequest request = request_after(1h);
  request.mutable_spec()->set_parent(parent);
  const auto child = run(request);
  ASSERT_TRUE(child.has_value()) << child.error().message;
  provider_.exit_with(id_of(parent), 1);
  EXPECT_EQ(wait(child->id()).state(), "CANCELLED");
}

TEST_F(ScheduleTest, RefusesATimeThatMeansNothing) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  v1::Schedule& schedule = *request.mutable_spec()->mutable_schedule();
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("no time")));
  schedule.set_at((now() - 1h).time_since_epoch().count());
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("lies in the past")));
  schedule.set_at(0);
  EXPECT_THAT(run(request),
              HoldsError(Errc::kInvalidArgument, HasSubstr("1970-01-01T00:00:00Z lies in")));
  schedule.set_at((now() + std::chrono::years(101)).time_since_epoch().count());
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("100 years")));
  schedule.set_after_ms(UINT64_MAX);
  EXPECT_THAT(run(request), HoldsError(Errc::kInvalidArgument, HasSubstr("too long")));
  EXPECT_EQ(call<v1::ListReply>(wire::kList, v1::ListRequest())->nodes_size(), 0);
}

TEST_F(ScheduleTest, GetsWhatWasUploadedWhenItsTimeHasCome) {
  start();
  const Uploaded job = run_with_archive(200ms, std::string(1024, '\0'));
  EXPECT_TRUE(job.outcome.has_value()) << job.outcome.error().message;
  EXPECT_THAT(kept_archives(), ElementsAre(job.id + ".tar"));
  finish_uploads_until_end(job.id);
  EXPECT_EQ(on_node(wire::kGet, job.id)->state(), "COMPLETED");
  std::ignore = wait(on_node(wire::kGet, job.id)->sandbox());
  EXPECT_THAT(kept_archives(), IsEmpty());
}

TEST_F(ScheduleTest, WaitsForAPlaceWhenClientsHaveAllThatThereAre) {
  provider_.bound_uploads(1);
  start();
  const auto client = occupy_upload();
  const Uploaded job = run_with_archive(50ms, std::string(1024, '\0'));
  ASSERT_TRUE(job.outcome.has_value()) << job.outcome.error().message;
  wait_for_upload(job.id);
  EXPECT_EQ(on_node(wire::kGet, job.id)->state(), "STARTING");
  finish_uploads_until_end(job.id);
  EXPECT_EQ(on_node(wire::kGet, job.id)->state(), "COMPLETED");
}

TEST_F(ScheduleTest, IsStoppedWhileItWaitsForAPlace) {
  provider_.bound_uploads(1);
  start();
  const auto client = occupy_upload();
  const Uploaded first = run_with_archive(50ms, std::string(1024, '\0'));
  wait_for_upload(first.id);
  const Uploaded second = run_with_archive(50ms, std::string(1024, '\0'));
  wait_for_state(second.id, "STARTING");  // It is behind the first one.
  for (const std::string& id : {second.id, first.id}) {
    const auto stopped = stop_job(id, 60'000);
    ASSERT_TRUE(stopped.has_value()) << stopped.error().message;
    EXPECT_EQ(wait(id).state(), "STOPPED");
    EXPECT_EQ(wait(id).exit_code(), 143);
    EXPECT_EQ(wait(on_node(wire::kGet, id)->sandbox()).state(), "STOPPED");
  }
  EXPECT_THAT(starts(), IsEmpty());
  EXPECT_THAT(kept_archives(), IsEmpty());
}

TEST_F(ScheduleTest, StaysBehindTheFirstInLineWhenOneBetweenThemIsStopped) {
  start();
  const Uploaded first = run_with_archive(50ms, std::string(1024, '\0'));
  wait_for_upload(first.id);
  const Uploaded second = run_with_archive(50ms, std::string(1024, '\0'));
  wait_for_state(second.id, "STARTING");
  const Uploaded third = run_with_archive(50ms, std::string(1024, '\0'));
  wait_for_state(third.id, "STARTING");
  ASSERT_TRUE(stop_job(second.id, 60'000).has_value());
  EXPECT_EQ(wait(second.id).state(), "STOPPED");
  EXPECT_EQ(std::ranges::count(provider_.calls(), "upload " + third.id), 0);
  finish_uploads_until_end(first.id);
  finish_uploads_until_end(third.id);
  EXPECT_EQ(on_node(wire::kGet, third.id)->state(), "COMPLETED");
}

TEST_F(ScheduleTest, KeepsWhatWasUploadedForTheNextEngine) {
  start();
  const Uploaded job = run_with_archive(100h, std::string(1024, '\0'));
  stop();
  set_clock_ahead(101h);
  start();
  finish_uploads_until_end(job.id);
  const v1::Node node = *on_node(wire::kGet, job.id);
  EXPECT_EQ(node.state(), "COMPLETED");
  EXPECT_GE(node.late_ms(), 3'500'000U);
}

TEST_F(ScheduleTest, FailsAtOnceWhenItsUploadIsCutShort) {
  start();
  const Uploaded job = run_with_archive(1h, "x");
  EXPECT_THAT(job.outcome, HoldsError(Errc::kInvalidArgument, HasSubstr("cut short")));
  const v1::Node node = wait(job.id);
  EXPECT_EQ(node.cause(), "start-failed(upload)");
  EXPECT_EQ(node.late_ms(), 0U);
  EXPECT_THAT(kept_archives(), IsEmpty());
}

TEST_F(ScheduleTest, FreesWhatWasUploadedWhenItIsStopped) {
  start();
  const Uploaded job = run_with_archive(1h, std::string(1024, '\0'));
  const auto stopped = stop_job(job.id, 0);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message;
  EXPECT_EQ(wait(stopped->sandbox()).state(), "STOPPED");
  EXPECT_THAT(kept_archives(), IsEmpty());
}

TEST_F(ScheduleTest, FailsWhenNothingIsLeftForItAtItsTime) {
  start();
  const std::string id = run_after(200ms);
  provider_.exhaust();
  const v1::Node node = wait(id);
  EXPECT_EQ(node.state(), "FAILED");
  EXPECT_THAT(node.cause(), StartsWith("start-failed"));
  EXPECT_THAT(node.message(), HasSubstr("no range of user ids"));
  EXPECT_EQ(wait(node.sandbox()).state(), "STOPPED");
}

TEST_F(ScheduleTest, BoundsHowManyWait) {
  Config config;
  config.max_queued = 1;
  config.max_scheduled = 2;
  start(config);
  const std::string first = run_after(1h);
  std::ignore = run_after(2h);
  EXPECT_THAT(run(request_after(1h)),
              HoldsError(Errc::kResourceExhausted, HasSubstr("max_scheduled")));
  ASSERT_TRUE(stop_job(first, 0).has_value());
  EXPECT_TRUE(run(request_after(1h)).has_value());
}

TEST_F(ScheduleTest, WaitsOnInTheNextEngineForTheSameInstant) {
  start();
  const std::string far = run_after(1h);
  const std::string near = run_after(200ms, {"exit", "3"});
  const std::int64_t at = on_node(wire::kGet, far)->scheduled_at();
  restart();
  const v1::Node ended = wait(near);
  EXPECT_EQ(ended.exit_code(), 3);
  std::ignore = wait(ended.sandbox());
  const v1::Node node = *on_node(wire::kGet, far);
  EXPECT_EQ(node.state(), "SCHEDULED");
  EXPECT_EQ(node.scheduled_at(), at);
  EXPECT_EQ(provider_.reservations(), 0U);
}

TEST_F(ScheduleTest, RunsWhatItMissedInTheOrderOfTheirTimesAndSaysSo) {
  start(with_slots(1));
  const std::string third = run_after(3h);
  const std::string first = run_after(1h);
  const std::string second = run_after(2h);
  const std::string later = run_after(100h);
  stop();
  set_clock_ahead(10h);
  start(with_slots(1));
  for (const std::string& id : {first, second, third}) {
    const v1::Node node = wait(id);
    EXPECT_EQ(node.state(), "COMPLETED");
    EXPECT_THAT(node.message(), StartsWith("was due "));
    EXPECT_THAT(node.message(), HasSubstr(" before an engine ran"));
    EXPECT_GE(node.late_ms(), 25'000'000U);
  }
  EXPECT_THAT(starts(), ElementsAre("start " + first, "start " + second, "start " + third));
  EXPECT_EQ(on_node(wire::kGet, later)->state(), "SCHEDULED");
}

TEST_F(ScheduleTest, RepeatsItsKeyForAsLongAsItWaits) {
  start();
  v1::RunRequest request = request_after(48h);
  request.set_idempotency_key("k");
  const auto first = run(request);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  stop();
  set_clock_ahead(30h);
  start();
  const auto again = run(request);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->id(), first->id());
  v1::RunRequest other = request_after(47h);
  other.set_idempotency_key("k");
  EXPECT_THAT(run(other), HoldsError(Errc::kAlreadyExists, HasSubstr("another job")));
}

}  // namespace
}  // namespace warren::engine
