// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/result_matchers.h"

namespace warren::face::joblet {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;
using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

v2_11::RunJobReq request(std::string_view command) {
  v2_11::RunJobReq message;
  message.set_command(std::string(command));
  return message;
}

uuid::RunJobRequest uuid_request(std::string_view command) {
  uuid::RunJobRequest message;
  message.set_command(std::string(command));
  return message;
}

TEST(JobletSpec, IsIsolatedAndMergedAndRootsOwn) {
  v2_11::RunJobReq asked = request("bash");
  asked.add_args("-c");
  asked.add_args("ps aux");
  const auto spec = spec_of(asked);
  ASSERT_TRUE(spec);
  EXPECT_THAT(spec->argv(), ElementsAre("bash", "-c", "ps aux"));
  EXPECT_EQ(spec->profile(), v1::Spec::PROFILE_ISOLATED);
  EXPECT_EQ(spec->network(), "none");
  EXPECT_EQ(spec->user(), "root");
  EXPECT_FALSE(spec->has_workdir());
  EXPECT_TRUE(spec->merged_streams());
  EXPECT_FALSE(spec->input());
}

TEST(JobletSpec, LeavesLimitsOutThatTheRequestLeavesOut) {
  const auto spec = spec_of(request("true"));
  ASSERT_TRUE(spec);
  EXPECT_FALSE(spec->limits().has_cpu_percent());
  EXPECT_FALSE(spec->limits().has_memory_bytes());
  EXPECT_FALSE(spec->limits().has_io_bytes_per_second());
  EXPECT_TRUE(spec->limits().cores().empty());
}

TEST(JobletSpec, HasTheLimitsOfTheRequest) {
  v2_11::RunJobReq asked = request("true");
  asked.set_max_cpu(150);
  asked.set_cpu_cores("0-1,4");
  asked.set_max_memory(2048);
  asked.set_max_iobps(1);
  const auto spec = spec_of(asked);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->limits().cpu_percent(), 150U);
  EXPECT_THAT(spec->limits().cores(), ElementsAre(0U, 1U, 4U));
  EXPECT_EQ(spec->limits().memory_bytes(), std::uint64_t{2048} << 20);
  EXPECT_EQ(spec->limits().io_bytes_per_second(), 1U);
}

TEST(JobletSpec, RefusesLimitsThatAreNone) {
  v2_11::RunJobReq asked = request("true");
  asked.set_max_cpu(-1);
  EXPECT_THAT(spec_of(asked), HoldsError(Errc::kInvalidArgument, HasSubstr("max-cpu: -1")));
  asked = request("true");
  asked.set_max_memory(-5);
  EXPECT_THAT(spec_of(asked), HoldsError(Errc::kInvalidArgument, HasSubstr("max-memory: -5")));
  asked = request("true");
  asked.set_max_iobps(-2);
  EXPECT_THAT(spec_of(asked), HoldsError(Errc::kInvalidArgument, HasSubstr("max-iobps: -2")));
  for (const char* cores : {"3-1", "a", "0-", "0-4294967295"}) {
    asked = request("true");
    asked.set_cpu_cores(cores);
    EXPECT_THAT(spec_of(asked), HoldsError(Errc::kInvalidArgument, HasSubstr("cpu-cores")))
        << cores;
  }
}

TEST(JobletSpec, KnowsOneNetwork) {
  for (const char* network : {"", "none"}) {
    v2_11::RunJobReq asked = request("true");
    asked.set_network(network);
    EXPECT_TRUE(spec_of(asked)) << network;
  }
  for (const char* network : {"bridge", "isolated", "backend", "NONE"}) {
    v2_11::RunJobReq asked = request("true");
    asked.set_network(network);
    EXPECT_THAT(spec_of(asked), HoldsError(Errc::kFailedPrecondition, HasSubstr(network)));
  }
}

TEST(JobletSpec, RefusesWhatThisVersionLacks) {
  v2_11::RunJobReq volumes = request("true");
  volumes.add_volumes("cache");
  EXPECT_THAT(spec_of(volumes), HoldsError(Errc::kFailedPrecondition, HasSubstr("volumes")));
  uuid::RunJobRequest runtime = uuid_request("true");
  runtime.set_runtime("python-3.11");
  EXPECT_THAT(spec_of(runtime), HoldsError(Errc::kFailedPrecondition, HasSubstr("runtime")));
  uuid::RunJobRequest gpu = uuid_request("true");
  gpu.set_gpu_count(1);
  EXPECT_THAT(spec_of(gpu), HoldsError(Errc::kFailedPrecondition, HasSubstr("gpu")));
  gpu = uuid_request("true");
  gpu.set_gpu_memory_mb(1);
  EXPECT_THAT(spec_of(gpu), HoldsError(Errc::kFailedPrecondition, HasSubstr("gpu")));
  uuid::RunJobRequest network = uuid_request("true");
  network.set_network("bridge");
  EXPECT_THAT(spec_of(network), HoldsError(Errc::kFailedPrecondition, HasSubstr("bridge")));
}

TEST(JobletUuidSpec, IsNobodysAndHasVariablesAndDirectory) {
  uuid::RunJobRequest asked = uuid_request("env");
  asked.set_max_cpu(50);
  asked.set_max_io_bps(1000);
  asked.set_work_dir("/tmp");
  (*asked.mutable_environment())["PORT"] = "80";
  (*asked.mutable_environment())["KEY"] = "open";
  (*asked.mutable_secret_environment())["TOKEN"] = "t";
  (*asked.mutable_secret_environment())["KEY"] = "k";
  const auto spec = spec_of(asked);
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->user(), "nobody");
  EXPECT_EQ(spec->workdir(), "/tmp");
  EXPECT_EQ(spec->limits().cpu_percent(), 50U);
  EXPECT_EQ(spec->limits().io_bytes_per_second(), 1000U);
  EXPECT_THAT(spec->env(),
              UnorderedElementsAre(Pair("PORT", "80"), Pair("KEY", "k"), Pair("TOKEN", "t")));
  EXPECT_THAT(spec->labels(), UnorderedElementsAre(Pair("joblet.secrets", "KEY,TOKEN")));
}

TEST(JobletUuidSpec, RefusesNamesOfSecretsThatNoLabelHolds) {
  for (const std::string& name : {std::string("A,B"), std::string("A\n"), std::string(257, 'a')}) {
    uuid::RunJobRequest asked = uuid_request("env");
    (*asked.mutable_secret_environment())[name] = "value of it";
    const auto spec = spec_of(asked);
    EXPECT_THAT(spec, HoldsError(Errc::kInvalidArgument, HasSubstr("secret_environment")));
    EXPECT_THAT(spec.error().message, ::testing::Not(HasSubstr("value of it")));
  }
}

// An hour behind UTC, and without the year 1.
Result<Timestamp> on_a_wall(LocalTimestamp local) {
  if (local < LocalTimestamp(std::chrono::days(-700'000))) {
    return fail(Errc::kInvalidArgument, "no such year");
  }
  return Timestamp(local.time_since_epoch() + hours(1));
}

constexpr Timestamp kNow = std::chrono::sys_days(std::chrono::year(2027) / 7 / 18) + hours(20);
constexpr Clock kClock{.now = kNow, .resolve = on_a_wall};

std::int64_t micros(Timestamp time) {
  return time.time_since_epoch().count();
}

TEST(JobletSchedule, IsNoneForNoText) {
  const auto none = schedule_of("", kClock);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
}

TEST(JobletSchedule, CountsFromNow) {
  struct Row {
    std::string_view text;
    std::uint64_t after_ms;
  };
  for (const auto& [text, after_ms] :
       {Row{"45s", 45'000}, Row{"30min", 1'800'000}, Row{"1hour", 3'600'000},
        Row{"2h30m", 9'000'000}, Row{"0s", 0}}) {
    const auto schedule = schedule_of(text, kClock);
    ASSERT_TRUE(schedule && *schedule) << text;
    EXPECT_EQ((*schedule)->when_case(), v1::Schedule::kAfterMs) << text;
    EXPECT_EQ((*schedule)->after_ms(), after_ms) << text;
  }
}

TEST(JobletSchedule, IsAnInstant) {
  struct Row {
    std::string_view text;
    Timestamp at;
  };
  for (const auto& [text, at] :
       {Row{"2027-07-18T20:02:48Z", kNow + seconds(168)},
        Row{"2027-07-18T20:02:48-07:00", kNow + hours(7) + seconds(168)},
        Row{"2027-07-18T20:02:48", kNow + hours(1) + seconds(168)},
        Row{"2027-07-18 20:02:48.5", kNow + hours(1) + microseconds(168'500'000)}}) {
    const auto schedule = schedule_of(text, kClock);
    ASSERT_TRUE(schedule && *schedule) << text;
    EXPECT_EQ((*schedule)->at(), micros(at)) << text;
  }
}

TEST(JobletSchedule, ForgivesTheTimeThatARequestTakes) {
  struct Row {
    std::string_view text;
    std::uint64_t after_ms;
  };
  for (const auto& [text, after_ms] :
       {Row{"2027-07-18T20:00:00Z", 0}, Row{"2027-07-18T19:59:55Z", 0},
        Row{"2027-07-18T20:00:01Z", 1000}, Row{"2027-07-18T20:00:00.0001Z", 1}}) {
    const auto schedule = schedule_of(text, kClock);
    ASSERT_TRUE(schedule && *schedule) << text;
    EXPECT_EQ((*schedule)->when_case(), v1::Schedule::kAfterMs) << text;
    EXPECT_EQ((*schedule)->after_ms(), after_ms) << text;
  }
}

TEST(JobletSchedule, RefusesThePast) {
  for (const char* text : {"2025-07-18T20:02:48", "2025-07-18T20:02:48Z", "2027-07-18T19:59:54Z"}) {
    EXPECT_THAT(schedule_of(text, kClock),
                HoldsError(Errc::kInvalidArgument, HasSubstr("lies in the past")))
        << text;
  }
}

TEST(JobletSchedule, RefusesWhatIsNoTime) {
  for (const char* text : {"soon", "-5s", "5 parsecs", "2027-04-31T00:00:00Z", "24:00:00",
                           "2027-07-18", "0001-01-01T00:00:00", "1s1h"}) {
    EXPECT_THAT(schedule_of(text, kClock), HoldsError(Errc::kInvalidArgument, ::testing::_))
        << text;
  }
}

TEST(JobletId, IsANumber) {
  for (const char* id : {"1", "42", "9223372036854775807"}) EXPECT_TRUE(is_number(id)) << id;
  for (const char* id : {"", "0", "01", "-1", "+1", "1 ", "abc", "1a", "10000000000000000000"}) {
    EXPECT_FALSE(is_number(id)) << id;
  }
}

}  // namespace
}  // namespace warren::face::joblet
