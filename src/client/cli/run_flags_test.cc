// SPDX-License-Identifier: Apache-2.0

#include "client/cli/run_flags.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client::cli {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> command() {
  return {"true"};
}

Result<v1::RunRequest> request_with(std::string RunFlags::*flag, std::string value) {
  RunFlags flags;
  flags.*flag = std::move(value);
  return make_run_request(flags, command());
}

TEST(RunRequest, CarriesTheCommandAsItIs) {
  const auto request = make_run_request({}, {"sh", "-c", "echo  'a b'"});
  ASSERT_TRUE(request);
  EXPECT_THAT(request->spec().argv(), ::testing::ElementsAre("sh", "-c", "echo  'a b'"));
  EXPECT_TRUE(request->output());
  EXPECT_FALSE(request->detach());
}

TEST(RunRequest, NeedsACommand) {
  EXPECT_THAT(make_run_request({}, {}),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("no command")));
}

TEST(RunRequest, CountsBareMemoryInMebibytesAndOtherSizesInBytes) {
  EXPECT_EQ(request_with(&RunFlags::max_memory, "64")->spec().limits().memory_bytes(), 64U << 20);
  EXPECT_EQ(request_with(&RunFlags::max_memory, "64K")->spec().limits().memory_bytes(), 64U << 10);
  EXPECT_EQ(request_with(&RunFlags::max_disk, "64")->spec().limits().disk_bytes(), 64U);
  EXPECT_EQ(request_with(&RunFlags::max_iobps, "1M")->spec().limits().io_bytes_per_second(),
            1U << 20);
}

TEST(RunRequest, HasNoLimitThatWasNotAskedFor) {
  const auto request = make_run_request({}, command());
  EXPECT_EQ(request->spec().limits().ByteSizeLong(), 0U);
}

TEST(RunRequest, ReadsCoresAndDurations) {
  EXPECT_THAT(request_with(&RunFlags::cpu_cores, "0-1,3")->spec().limits().cores(),
              ::testing::ElementsAre(0U, 1U, 3U));
  EXPECT_EQ(request_with(&RunFlags::timeout, "1min30s")->spec().limits().timeout_ms(), 90'000U);
}

TEST(RunRequest, SendsADurationAsItIsAndATimeAsAnInstant) {
  const auto schedule_of = [](const char* text) {
    const auto request = request_with(&RunFlags::schedule, text);
    EXPECT_TRUE(request) << request.error().message;
    return request ? request->spec().schedule() : v1::Schedule();
  };
  EXPECT_EQ(schedule_of("2h30m").after_ms(), 9'000'000U);
  EXPECT_TRUE(schedule_of("0s").has_after_ms());
  EXPECT_EQ(schedule_of("1970-01-01T01:00:01+01:00").at(), 1'000'000);
  // The zone is this machine's: whatever it is, it shows the same minute again a day later.
  EXPECT_EQ(schedule_of("2027-07-19T12:00:00").at() - schedule_of("2027-07-18T12:00:00").at(),
            86'400'000'000);
  EXPECT_FALSE(make_run_request({}, command())->spec().has_schedule());
}

TEST(RunRequest, NamesTheFlagOfABadValue) {
  EXPECT_THAT(request_with(&RunFlags::schedule, "tomorrow"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--schedule: 'tomorrow'")));
  EXPECT_THAT(request_with(&RunFlags::max_memory, "lots"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--max-memory")));
  EXPECT_THAT(request_with(&RunFlags::max_cpu, "-5"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--max-cpu")));
  EXPECT_THAT(request_with(&RunFlags::max_pids, "1e3"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--max-pids")));
  EXPECT_THAT(request_with(&RunFlags::timeout, "soon"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--timeout")));
  EXPECT_THAT(request_with(&RunFlags::user, "-1"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--user")));
  EXPECT_THAT(request_with(&RunFlags::name, "a/b"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--name")));
  EXPECT_THAT(request_with(&RunFlags::profile, "open"),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--profile")));
}

TEST(RunRequest, SaysWhatIsNotAvailableYet) {
  EXPECT_THAT(request_with(&RunFlags::image, "python"),
              test::HoldsError(Errc::kFailedPrecondition, "--image=python: not available yet"));
  EXPECT_THAT(request_with(&RunFlags::network, "isolated"),
              test::HoldsError(Errc::kFailedPrecondition, "--network=isolated: not available yet"));
  EXPECT_TRUE(request_with(&RunFlags::image, "host"));
}

TEST(RunRequest, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(make_run_request(RunFlags(), {"printf", "%s", "\xff"}),
              test::HoldsError(Errc::kInvalidArgument, "argument 2 is not UTF-8"));
  EXPECT_THAT(request_with(&RunFlags::workdir, "/\xc3"),
              test::HoldsError(Errc::kInvalidArgument, "--workdir is not UTF-8"));
  EXPECT_THAT(request_with(&RunFlags::idempotency_key, "\x80"),
              test::HoldsError(Errc::kInvalidArgument, "--idempotency-key is not UTF-8"));
  RunFlags flags;
  flags.env = {"A=\xe2\x82"};
  EXPECT_THAT(make_run_request(flags, command()),
              test::HoldsError(Errc::kInvalidArgument, "--env is not UTF-8"));
  EXPECT_TRUE(make_run_request(RunFlags(), {"echo", "\xc3\xa4"}));
}

TEST(RunRequest, ReadsEnvironmentAndLabels) {
  RunFlags flags;
  flags.env = {"A=1", "B=x=y", "C="};
  flags.labels = {"team=blue"};
  const auto request = make_run_request(flags, command());
  ASSERT_TRUE(request);
  EXPECT_EQ(request->spec().env().at("B"), "x=y");
  EXPECT_EQ(request->spec().env().at("C"), "");
  EXPECT_EQ(request->spec().labels().at("team"), "blue");
  flags.env = {"NAME"};
  EXPECT_THAT(make_run_request(flags, command()),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("--env")));
}

}  // namespace
}  // namespace warren::client::cli
