// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/result_matchers.h"
#include "warren/v1/joblet_name.pb.h"

namespace warren::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

// 2027-07-18T20:02:48.123456Z, on a machine two hours east of it.
constexpr RnxClock kClock{.now = Timestamp(std::chrono::microseconds(1'815'940'968'123'456)),
                          .resolve = [](LocalTimestamp local) -> Result<Timestamp> {
                            return Timestamp(local.time_since_epoch()) - std::chrono::hours(2);
                          }};

Result<face::joblet::v2_11::RunJobReq> request_of(const RnxFlags& flags) {
  return make_run_request(flags, {"bash", "-c", "true"}, kClock);
}

std::string schedule_of(const std::string& text) {
  const auto request = request_of({.schedule = text});
  return request ? request->schedule() : request.error().message;
}

TEST(MakeRunRequest, SaysWhatTheFlagsSay) {
  const auto request = request_of({.max_cpu = "50",
                                   .cpu_cores = "0-1",
                                   .max_memory = "256",
                                   .max_iobps = "5242880",
                                   .network = "backend"});
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->command(), "bash");
  EXPECT_THAT(request->args(), ElementsAre("-c", "true"));
  EXPECT_EQ(request->max_cpu(), 50);
  EXPECT_EQ(request->cpu_cores(), "0-1");
  EXPECT_EQ(request->max_memory(), 256);
  EXPECT_EQ(request->max_iobps(), 5'242'880);
  EXPECT_EQ(request->network(), "backend");
}

TEST(MakeRunRequest, LeavesWhatIsNotSaidToTheServer) {
  const auto request = request_of({});
  ASSERT_TRUE(request) << request.error().message;
  face::joblet::v2_11::RunJobReq expected;
  expected.set_command("bash");
  expected.add_args("-c");
  expected.add_args("true");
  EXPECT_EQ(request->SerializeAsString(), expected.SerializeAsString());
}

TEST(MakeRunRequest, AddsAFieldOfItsOwnForTheName) {
  const auto request = request_of({.name = "web"});
  ASSERT_TRUE(request) << request.error().message;
  v1::JobletName own;
  ASSERT_TRUE(own.ParseFromString(request->SerializeAsString()));
  EXPECT_EQ(own.name(), "web");
}

TEST(MakeRunRequest, RefusesLimitsThatAreNone) {
  for (const char* const text : {"-1", "half", "1.5", "5 ", "2147483648", "0x10"}) {
    EXPECT_THAT(request_of({.max_cpu = text}),
                HoldsError(Errc::kInvalidArgument, HasSubstr("--max-cpu: ")))
        << text;
  }
  EXPECT_THAT(request_of({.max_memory = "1G"}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("--max-memory: '1G'")));
}

TEST(MakeRunRequest, SendsEveryScheduleInOneForm) {
  EXPECT_EQ(schedule_of("45s"), "2027-07-18T20:03:33.124Z");
  EXPECT_EQ(schedule_of("2h30m"), "2027-07-18T22:32:48.124Z");
  EXPECT_EQ(schedule_of("2027-07-20T15:30:00"), "2027-07-20T13:30:00Z");
  EXPECT_EQ(schedule_of("2027-07-20T15:30:00Z"), "2027-07-20T15:30:00Z");
  EXPECT_EQ(schedule_of("2027-07-20T15:30:00-07:00"), "2027-07-20T22:30:00Z");
}

TEST(MakeRunRequest, RefusesWhatIsOver) {
  EXPECT_EQ(schedule_of("2025-07-18T20:02:48Z"),
            "--schedule: 2025-07-18T20:02:48Z lies in the past");
  EXPECT_THAT(request_of({.schedule = "soon"}),
              HoldsError(Errc::kInvalidArgument, HasSubstr("--schedule: ")));
}

}  // namespace
}  // namespace warren::client
