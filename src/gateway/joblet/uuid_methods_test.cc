// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/joblet/played_engine_fixture.h"
#include "joblet/uuid.pb.h"
#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

namespace uuid = face::joblet::uuid;
namespace v2_10 = face::joblet::v2_10;
using test::HoldsError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Of the same moment, as jobs of one minute are.
constexpr char kFirst[] = "0198f1e2-0000-7000-8000-a1b2c3d4e5f6";
constexpr char kSecond[] = "0198f1e2-0000-7000-8000-0000000000bb";
constexpr char kThird[] = "0198f1e2-0000-7000-8000-0000000000cc";

constexpr char kFirstUuid[] = "a1b2c3d4-e5f6-4000-8000-0198f1e20000";
constexpr char kSecondUuid[] = "00000000-00bb-4000-8000-0198f1e20000";
constexpr char kThirdUuid[] = "00000000-00cc-4000-8000-0198f1e20000";
constexpr std::int64_t kBegin = 1'752'214'734'000'000;

class JobletJobService : public PlayedEngineTest {
 protected:
  Served ask(const std::string& method, std::string_view id) {
    uuid::JobRequest request;
    request.set_uuid(std::string(id));
    return call("JobService/" + method, request.SerializeAsString());
  }
  Served metrics(std::int64_t begin, std::int64_t end, std::int32_t limit = 0) {
    uuid::GetJobMetricsRequest request;
    request.set_job_uuid(kFirstUuid);
    request.set_start_time(begin);
    request.set_end_time(end);
    request.set_limit(limit);
    return call("JobService/GetJobMetrics", request.SerializeAsString());
  }
};

v1::Usage used(std::uint64_t cpu_usec) {
  v1::Usage usage;
  usage.set_cpu_usec(cpu_usec);
  usage.set_memory_bytes(4096);
  usage.set_io_read_bytes(10);
  usage.set_io_write_bytes(20);
  return usage;
}

TEST_F(JobletJobService, RunsAJob) {
  uuid::RunJobRequest request;
  request.set_command("env");
  (*request.mutable_secret_environment())["TOKEN"] = "t";
  v2_10::FileUpload& upload = *request.add_uploads();
  upload.set_path("a");
  upload.set_content("x");
  const auto answer =
      call("JobService/RunJob", request.SerializeAsString()).only<uuid::RunJobResponse>();
  EXPECT_EQ(answer.job_uuid(), "00000000-00aa-4000-8000-0198f1e20000");
  EXPECT_EQ(answer.status(), "RUNNING");
  ASSERT_THAT(play_.runs, SizeIs(1));
  EXPECT_EQ(play_.runs.front().spec().user(), "nobody");
  EXPECT_THAT(play_.runs.front().spec().env(), UnorderedElementsAre(Pair("TOKEN", "t")));
  EXPECT_FALSE(play_.archive.empty());
}

TEST_F(JobletJobService, FindsJobsByTheStartOfTheirUuid) {
  know(kFirst, 7, "COMPLETED").set_name("deadbeef");
  know(kSecond, 8, "COMPLETED");
  for (const char* start : {kFirstUuid, "a1b2c3d4", "a1b2c3d4-e5f6-4"}) {
    EXPECT_EQ(ask("GetJobStatus", start).only<uuid::GetJobStatusResponse>().uuid(), kFirstUuid);
  }
  for (const char* other :
       {"", "7", "a1b2c3", "deadbeef", kThirdUuid, "A1B2C3D4", kFirst, "0198f1e2", "a1b2c3d5"}) {
    EXPECT_THAT(ask("GetJobStatus", other).status, HoldsError(Errc::kNotFound, HasSubstr("no job")))
        << other;
  }
}

TEST_F(JobletJobService, ChoosesNoneOfSeveralWhoseUuidsBeginAlike) {
  know(kSecond, 7, "RUNNING");
  know(kThird, 8, "RUNNING");
  EXPECT_THAT(
      ask("StopJob", "00000000").status,
      HoldsError(Errc::kInvalidArgument, AllOf(HasSubstr(kSecondUuid), HasSubstr(kThirdUuid))));
  EXPECT_THAT(play_.stops, IsEmpty());
  EXPECT_EQ(ask("StopJob", "00000000-00cc").only<uuid::StopJobResponse>().uuid(), kThirdUuid);
}

TEST_F(JobletJobService, StopsAJobByItsWholeId) {
  know(kFirst, 7, "RUNNING");
  const auto stopped = ask("StopJob", "a1b2c3d4").only<uuid::StopJobResponse>();
  EXPECT_EQ(stopped.uuid(), kFirstUuid);
  EXPECT_EQ(stopped.status(), "STOPPED");
  EXPECT_EQ(stopped.exit_code(), -1);
  ASSERT_THAT(play_.stops, SizeIs(1));
  EXPECT_EQ(play_.stops.front().node(), kFirst);
}

TEST_F(JobletJobService, CancelsWhatIsScheduledAlone) {
  know(kFirst, 7, "SCHEDULED");
  know(kSecond, 8, "RUNNING");
  EXPECT_EQ(ask("CancelJob", kFirstUuid).only<uuid::CancelJobResponse>().status(), "STOPPED");
  EXPECT_THAT(
      ask("CancelJob", kSecondUuid).status,
      HoldsError(Errc::kFailedPrecondition, HasSubstr(std::string(kSecondUuid) + " is RUNNING")));
  EXPECT_THAT(play_.stops, SizeIs(1));
}

TEST_F(JobletJobService, CallsAJobInRefusalsAsItsClientsDo) {
  know(kFirst, 7, "RUNNING");
  const std::string sentence = fmt::format("{} is RUNNING: stop it first", kFirst);
  for (const char* call : {"Stop", "Delete"}) {
    play_.refusals.emplace(call, Error{Errc::kFailedPrecondition, sentence});
  }
  for (const char* method : {"StopJob", "DeleteJob"}) {
    EXPECT_THAT(ask(method, kFirstUuid).status,
                HoldsError(Errc::kFailedPrecondition,
                           std::string(kFirstUuid) + " is RUNNING: stop it first"));
  }
}

TEST_F(JobletJobService, DeletesAJob) {
  know(kFirst, 7, "COMPLETED");
  const auto deleted = ask("DeleteJob", kFirstUuid).only<uuid::DeleteJobResponse>();
  EXPECT_EQ(deleted.uuid(), kFirstUuid);
  EXPECT_TRUE(deleted.success());
  EXPECT_THAT(play_.deleted, ElementsAre(kFirst));
}

TEST_F(JobletJobService, DeletesAllThatHaveEnded) {
  know(kFirst, 7, "COMPLETED");
  know(kSecond, 8, "RUNNING");
  know(kThird, 9, "SCHEDULED");
  const auto deleted = call("JobService/DeleteAllJobs").only<uuid::DeleteAllJobsResponse>();
  EXPECT_TRUE(deleted.success());
  EXPECT_EQ(deleted.deleted_count(), 1);
  EXPECT_EQ(deleted.skipped_count(), 2);
  EXPECT_THAT(play_.deleted, ElementsAre(kFirst));
}

TEST_F(JobletJobService, DeletesNothingThatItMayNot) {
  know(kFirst, 7, "COMPLETED");
  play_.refusals.emplace("Delete",
                         Error{Errc::kPermissionDenied, "role viewer may not use Delete"});
  EXPECT_THAT(call("JobService/DeleteAllJobs").status,
              HoldsError(Errc::kPermissionDenied, "DeleteAllJobs: role viewer may not use Delete"));
}

TEST_F(JobletJobService, CountsNothingThatSomebodyElseHasDeleted) {
  know(kFirst, 7, "COMPLETED");
  play_.refusals.emplace("Delete", Error{Errc::kNotFound, "gone"});
  EXPECT_EQ(call("JobService/DeleteAllJobs").only<uuid::DeleteAllJobsResponse>().deleted_count(),
            0);
}

TEST_F(JobletJobService, ListsJobs) {
  know(kFirst, 7, "COMPLETED");
  know(kSecond, 8, "RUNNING");
  const auto jobs = call("JobService/ListJobs").only<uuid::Jobs>();
  ASSERT_THAT(jobs.jobs(), SizeIs(2));
  EXPECT_EQ(jobs.jobs(0).uuid(), kFirstUuid);
  EXPECT_FALSE(jobs.jobs(0).node_id().empty());
}

TEST_F(JobletJobService, SendsTheLog) {
  know(kFirst, 7, "COMPLETED");
  play_.log = std::make_unique<test::LogOnDisk>();
  play_.log->write(LogStream::kStdout, "out\n");
  EXPECT_EQ(ask("GetJobLogs", kFirstUuid).only<v2_10::DataChunk>().payload(), "out\n");
}

TEST_F(JobletJobService, StreamsReadingsOfEachFiveSeconds) {
  know(kFirst, 7, "RUNNING").set_started_at(kBegin - 1'000'000);
  play_.readings = {used(250'000), used(1'250'000)};
  const Served served = ask("StreamJobMetrics", kFirstUuid);
  EXPECT_TRUE(served.status);
  ASSERT_THAT(play_.measured, SizeIs(1));
  EXPECT_THAT(play_.measured.front().nodes(), ElementsAre(kFirst));
  EXPECT_EQ(play_.measured.front().interval_ms(), 5000U);
  ASSERT_THAT(served.messages, SizeIs(2));
  uuid::JobMetricsEvent first;
  ASSERT_TRUE(first.ParseFromString(served.messages[0]));
  EXPECT_EQ(first.timestamp(), kBegin * 1000);
  EXPECT_EQ(first.job_uuid(), kFirstUuid);
  EXPECT_DOUBLE_EQ(first.cpu_percent(), 25);  // Since its start.
  EXPECT_EQ(first.memory_bytes(), 4096);
  EXPECT_EQ(first.memory_limit(), 512 << 20);
  EXPECT_EQ(first.disk_read_bytes(), 10);
  EXPECT_EQ(first.disk_write_bytes(), 20);
  uuid::JobMetricsEvent second;
  ASSERT_TRUE(second.ParseFromString(served.messages[1]));
  EXPECT_DOUBLE_EQ(second.cpu_percent(), 100);  // Since the reading before.
}

TEST_F(JobletJobService, KeepsTheReadingOfTheEnd) {
  v1::Node& node = know(kFirst, 7, "COMPLETED");
  node.set_started_at(kBegin);
  node.set_ended_at(kBegin + 2'000'000);
  *node.mutable_usage() = used(1'000'000);
  const auto event = metrics(0, 0).only<uuid::JobMetricsEvent>();
  EXPECT_EQ(event.timestamp(), (kBegin + 2'000'000) * 1000);
  EXPECT_DOUBLE_EQ(event.cpu_percent(), 50);
  EXPECT_THAT(play_.measured, IsEmpty());
  const std::int64_t end = event.timestamp();
  EXPECT_THAT(metrics(end, end, 1).messages, SizeIs(1));
  EXPECT_THAT(metrics(end + 1, 0).messages, IsEmpty());
  EXPECT_THAT(metrics(0, end - 1).messages, IsEmpty());
  EXPECT_THAT(metrics(0, 0, -1).status, HoldsError(Errc::kInvalidArgument, HasSubstr("limit")));
}

TEST_F(JobletJobService, ReadsWhatALiveJobUsesNow) {
  know(kFirst, 7, "RUNNING").set_started_at(kBegin - 1'000'000);
  play_.readings = {used(500'000)};
  const auto event = metrics(0, 0).only<uuid::JobMetricsEvent>();
  EXPECT_EQ(event.timestamp(), kBegin * 1000);
  EXPECT_DOUBLE_EQ(event.cpu_percent(), 50);
}

TEST_F(JobletJobService, HasNoReadingOfAJobThatHasNotStarted) {
  know(kFirst, 7, "SCHEDULED");
  const Served served = metrics(0, 0);
  EXPECT_TRUE(served.status);
  EXPECT_THAT(served.messages, IsEmpty());
}

}  // namespace
}  // namespace warren::gateway
