// SPDX-License-Identifier: Apache-2.0
//
// What is left of a job that is not accepted: nothing.

#include "engine/intake.h"

#include <string>

#include "engine/database_fixture.h"
#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

class IntakeTest : public EngineTest {
 protected:
  [[nodiscard]] int listed() {
    const auto answer = call<v1::ListReply>(wire::kList, v1::ListRequest());
    EXPECT_TRUE(answer.has_value());
    return answer ? answer->nodes_size() : -1;
  }
};

TEST_F(IntakeTest, GivesBackWhatItReservedForAJobThatCannotBeStored) {
  Config config = with_slots(1);
  config.max_queued = 1;
  start(config);
  change_database(
      places_,
      "CREATE TRIGGER full BEFORE INSERT ON nodes BEGIN SELECT RAISE(ABORT, 'refused'); END");
  v1::RunRequest request = request_for({"exit", "0"});
  request.mutable_spec()->set_name("web");
  for (int attempts = 0; attempts < 2; ++attempts) {
    const auto refused = run(request);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("refused"));
    EXPECT_EQ(provider_.reservations(), 0U);
  }
  change_database(places_, "DROP TRIGGER full");
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  EXPECT_EQ(wait(event->id()).state(), "COMPLETED");
}

TEST_F(IntakeTest, GivesNoKeysJobToWhoHasOnlyTheNameOfItsOwner) {
  start();
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key("k");
  const auto first = run(request);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  std::ignore = wait(wait(first->id()).sandbox());
  EXPECT_EQ(run(request)->id(), first->id());
  change_database(places_, "UPDATE nodes SET owner_uid = 4711");
  EXPECT_THAT(run(request), HoldsError(Errc::kAlreadyExists, HasSubstr("another owner")));
}

TEST_F(IntakeTest, RefusesAJobBeyondTheQueuesBoundAndLeavesNothingOfIt) {
  Config config = with_slots(1);
  config.max_queued = 1;
  start(config);
  const std::string first = run({"sleep"});
  wait_for_state(first, "RUNNING");
  const std::string second = run({"sleep"});
  v1::RunRequest request = request_for({"exit", "0"});
  request.set_idempotency_key("k");
  EXPECT_THAT(run(request), HoldsError(Errc::kResourceExhausted, HasSubstr("max_queued")));
  EXPECT_EQ(provider_.reservations(), 2U);
  EXPECT_EQ(listed(), 2);
  EXPECT_EQ(stop_job(second, 0)->state(), "STOPPED");
  const auto event = run(request);
  ASSERT_TRUE(event.has_value()) << event.error().message;
  provider_.exit_with(id_of(first), 0);
  EXPECT_EQ(wait(event->id()).state(), "COMPLETED");
}

TEST_F(IntakeTest, MakesRoomInTheQueueForWhatComesAfterARefusedUpload) {
  Config config = with_slots(1);
  config.max_queued = 1;
  start(config);
  v1::RunRequest request = request_for({"exit", "0"});
  request.mutable_spec()->set_uploads(true);
  wire::ClientChannel channel = connect();
  ASSERT_TRUE(channel.open(wire::kRun, request).has_value());
  ASSERT_TRUE(channel.next().has_value());
  EXPECT_FALSE(run(request_for({"exit", "0"})).has_value());
  provider_.finish_uploads(fail(Errc::kInvalidArgument, "no archive"));
  EXPECT_EQ(wait("1").state(), "FAILED");
  EXPECT_EQ(wait(run({"exit", "0"})).state(), "COMPLETED");
}

}  // namespace
}  // namespace warren::engine
