// SPDX-License-Identifier: Apache-2.0

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "gateway/joblet/joblet_methods.h"
#include "gateway/joblet/played_engine_fixture.h"
#include "joblet/v2_11.pb.h"
#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

namespace v2_10 = face::joblet::v2_10;
namespace v2_11 = face::joblet::v2_11;
using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kId[] = "0198f1e2-0000-7000-8000-000000000001";

class JobletService : public PlayedEngineTest {
 protected:
  Served run(const v2_11::RunJobReq& request) {
    return call("JobletService/RunJob", request.SerializeAsString());
  }
  Served log_of(const std::string& id) {
    v2_10::GetJobLogsReq request;
    request.set_id(id);
    return call("JobletService/GetJobLogs", request.SerializeAsString());
  }
};

v2_11::RunJobReq request(std::string_view command) {
  v2_11::RunJobReq message;
  message.set_command(std::string(command));
  return message;
}

void add_upload(v2_11::RunJobReq& request, std::string_view path, std::string_view content) {
  v2_10::FileUpload& upload = *request.add_uploads();
  upload.set_path(std::string(path));
  upload.set_content(std::string(content));
  upload.set_mode(0644);
}

std::string id_request(std::string_view id) {
  v2_10::GetJobStatusReq message;
  message.set_id(std::string(id));
  return message.SerializeAsString();
}

std::map<std::string, std::string> unpacked(const std::string& bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(::archive_read_new(),
                                                           ::archive_read_free);
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_open_memory(reader.get(), bytes.data(), bytes.size());
  std::map<std::string, std::string> files;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = ::archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    std::string content(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
    std::ignore = ::archive_read_data(reader.get(), content.data(), content.size());
    files.emplace(::archive_entry_pathname(entry), std::move(content));
  }
  EXPECT_EQ(status, ARCHIVE_EOF);
  return files;
}

TEST(JobletMethods, AreThoseOfAllGenerations) {
  std::map<std::string, std::size_t> rows;
  for (const Method& method : joblet_methods()) {
    EXPECT_EQ(method.face, model::Face::kJoblet);
    rows.emplace(method.path, method.largest_request >> 20U);
  }
  EXPECT_THAT(
      rows,
      UnorderedElementsAre(
          Pair("/joblet.JobletService/RunJob", 110), Pair("/joblet.JobletService/GetJobStatus", 4),
          Pair("/joblet.JobletService/StopJob", 4), Pair("/joblet.JobletService/GetJobLogs", 4),
          Pair("/joblet.JobletService/ListJobs", 4), Pair("/joblet.JobletService/CreateNetwork", 4),
          Pair("/joblet.JobletService/ListNetworks", 4),
          Pair("/joblet.JobletService/RemoveNetwork", 4),
          Pair("/joblet.NetworkService/CreateNetwork", 4),
          Pair("/joblet.NetworkService/ListNetworks", 4),
          Pair("/joblet.NetworkService/RemoveNetwork", 4),
          Pair("/joblet.VolumeService/CreateVolume", 4),
          Pair("/joblet.VolumeService/ListVolumes", 4),
          Pair("/joblet.VolumeService/RemoveVolume", 4),
          Pair("/joblet.MonitoringService/GetSystemStatus", 4),
          Pair("/joblet.MonitoringService/StreamSystemMetrics", 4),
          Pair("/joblet.JobService/RunJob", 110), Pair("/joblet.JobService/GetJobStatus", 4),
          Pair("/joblet.JobService/StopJob", 4), Pair("/joblet.JobService/CancelJob", 4),
          Pair("/joblet.JobService/DeleteJob", 4), Pair("/joblet.JobService/DeleteAllJobs", 4),
          Pair("/joblet.JobService/GetJobLogs", 4), Pair("/joblet.JobService/ListJobs", 4),
          Pair("/joblet.JobService/StreamJobMetrics", 4),
          Pair("/joblet.JobService/GetJobMetrics", 4)));
}

TEST_F(JobletService, RunsAJobAndTellsWhatItBecame) {
  v2_11::RunJobReq asked = request("ps");
  asked.add_args("aux");
  asked.set_max_cpu(50);
  const auto job = run(asked).only<v2_10::RunJobRes>();
  EXPECT_EQ(job.id(), "12");
  EXPECT_EQ(job.status(), "RUNNING");
  ASSERT_THAT(play_.runs, SizeIs(1));
  const v1::RunRequest& started = play_.runs.front();
  EXPECT_TRUE(started.detach());
  EXPECT_TRUE(started.stages());
  EXPECT_FALSE(started.output());
  EXPECT_FALSE(started.spec().uploads());
  EXPECT_FALSE(started.spec().has_schedule());
  EXPECT_THAT(started.spec().argv(), ElementsAre("ps", "aux"));
  EXPECT_EQ(started.spec().limits().cpu_percent(), 50U);
}

TEST_F(JobletService, DoesNotWaitForTheTurnOfAJob) {
  play_.starts_at_once = false;
  play_.begun.set_state("QUEUED");
  EXPECT_EQ(run(request("true")).only<v2_10::RunJobRes>().status(), "INITIALIZING");
}

TEST_F(JobletService, SchedulesAJob) {
  play_.begun.set_state("SCHEDULED");
  play_.begun.set_scheduled_at(1'752'214'734'000'000);
  v2_11::RunJobReq asked = request("true");
  asked.set_schedule("45s");
  const auto job = run(asked).only<v2_10::RunJobRes>();
  EXPECT_EQ(job.status(), "SCHEDULED");
  EXPECT_EQ(job.scheduled_time(), "2025-07-11T06:18:54Z");
  ASSERT_THAT(play_.runs, SizeIs(1));
  EXPECT_EQ(play_.runs.front().spec().schedule().after_ms(), 45'000U);
  EXPECT_FALSE(play_.runs.front().stages());
}

TEST_F(JobletService, UploadsFilesAsOneArchive) {
  const std::string large(3 << 20, 'l');
  v2_11::RunJobReq asked = request("true");
  add_upload(asked, "a.csv", "1,2\n");
  add_upload(asked, "data/large", large);
  EXPECT_EQ(run(asked).only<v2_10::RunJobRes>().status(), "RUNNING");
  ASSERT_THAT(play_.runs, SizeIs(1));
  EXPECT_TRUE(play_.runs.front().spec().uploads());
  const std::map<std::string, std::string> files = unpacked(play_.archive);
  EXPECT_THAT(files, SizeIs(2));
  EXPECT_EQ(files.at("a.csv"), "1,2\n");
  EXPECT_EQ(files.at("data/large").size(), large.size());
  EXPECT_TRUE(files.at("data/large") == large);
}

TEST_F(JobletService, HoldsUpNoOtherUploadWhileAJobWaitsForItsTurn) {
  v2_11::RunJobReq asked = request("true");
  add_upload(asked, "a.csv", "1,2\n");
  play_.holds_others_up = true;
  EXPECT_EQ(run(asked).only<v2_10::RunJobRes>().status(), "RUNNING");
  EXPECT_FALSE(play_.holds_others_up);
}

TEST_F(JobletService, TellsOfAJobWhoseUploadBrokeOff) {
  play_.reads_uploads = false;
  v2_11::RunJobReq asked = request("true");
  add_upload(asked, "large", std::string(3 << 20, 'l'));
  EXPECT_EQ(run(asked).only<v2_10::RunJobRes>().status(), "FAILED");
}

TEST_F(JobletService, AsksNothingOfTheEngineForABadRequest) {
  v2_11::RunJobReq upload = request("true");
  add_upload(upload, "../a", "x");
  EXPECT_THAT(run(upload).status, HoldsError(Errc::kInvalidArgument, HasSubstr("'../a'")));
  v2_11::RunJobReq schedule = request("true");
  schedule.set_schedule("2025-07-18T20:02:48Z");
  EXPECT_THAT(run(schedule).status, HoldsError(Errc::kInvalidArgument, HasSubstr("past")));
  v2_11::RunJobReq network = request("true");
  network.set_network("backend");
  EXPECT_THAT(run(network).status, HoldsError(Errc::kFailedPrecondition, HasSubstr("backend")));
  EXPECT_THAT(call("JobletService/RunJob", "\x0a\x02\xff\xfe").status,  // No UTF-8.
              HoldsError(Errc::kInvalidArgument, HasSubstr("valid message")));
  EXPECT_THAT(play_.runs, IsEmpty());
}

TEST_F(JobletService, PassesOnWhatTheEngineRefuses) {
  play_.refusals.emplace("Run", Error{Errc::kResourceExhausted, "max-memory: too much"});
  EXPECT_THAT(run(request("true")).status,
              HoldsError(Errc::kResourceExhausted, "max-memory: too much"));
}

TEST_F(JobletService, NamesTheOperationThatARoleMayNotUse) {
  play_.refusals.emplace("Run", Error{Errc::kPermissionDenied, "role viewer may not use Run"});
  EXPECT_THAT(run(request("true")).status,
              HoldsError(Errc::kPermissionDenied, "RunJob: role viewer may not use Run"));
}

TEST_F(JobletService, FindsJobsByNumberAlone) {
  know(kId, 7, "COMPLETED").set_name("seven");
  EXPECT_EQ(call("JobletService/GetJobStatus", id_request("7")).only<v2_10::GetJobStatusRes>().id(),
            "7");
  for (const char* id : {"8", "", "0", "07", "seven", kId, "0198f1"}) {
    EXPECT_THAT(call("JobletService/GetJobStatus", id_request(id)).status,
                HoldsError(Errc::kNotFound, HasSubstr("there is no job")))
        << id;
  }
}

TEST_F(JobletService, StopsAJob) {
  know(kId, 7, "RUNNING");
  const auto stopped = call("JobletService/StopJob", id_request("7")).only<v2_10::StopJobRes>();
  EXPECT_EQ(stopped.id(), "7");
  EXPECT_EQ(stopped.status(), "STOPPED");
  EXPECT_EQ(stopped.exit_code(), -1);
  ASSERT_THAT(play_.stops, SizeIs(1));
  EXPECT_EQ(play_.stops.front().node(), "7");
  EXPECT_EQ(play_.stops.front().grace_ms(), 5000U);
}

TEST_F(JobletService, DoesNotStopWhatHasEnded) {
  know(kId, 7, "COMPLETED");
  play_.refusals.emplace("Stop", Error{Errc::kFailedPrecondition, "it has already ended"});
  EXPECT_THAT(call("JobletService/StopJob", id_request("7")).status,
              HoldsError(Errc::kFailedPrecondition, HasSubstr("already ended")));
}

TEST_F(JobletService, ListsJobsOfAllParts) {
  know(kId, 8, "RUNNING");
  know(kId, 7, "COMPLETED");
  const auto jobs = call("JobletService/ListJobs").only<v2_10::Jobs>();
  ASSERT_THAT(jobs.jobs(), SizeIs(2));
  EXPECT_EQ(jobs.jobs(0).id(), "8");
  EXPECT_EQ(jobs.jobs(1).status(), "COMPLETED");
}

TEST_F(JobletService, ListsWhatFitsTheMessagesThatClientsTake) {
  constexpr int kMany = 500;
  const std::string word(10'000, 'x');
  for (int seq = kMany; seq > 0; --seq) {
    const bool is_alive = seq == 1;
    know(fmt::format("0198f1e2-0000-7000-8000-{:012}", seq), static_cast<std::uint64_t>(seq),
         is_alive ? "RUNNING" : "COMPLETED")
        .add_command(word);
  }
  const auto jobs = call("JobletService/ListJobs").only<v2_10::Jobs>();
  EXPECT_LT(jobs.ByteSizeLong(), 4U << 20);
  ASSERT_THAT(jobs.jobs(), SizeIs(::testing::AllOf(::testing::Gt(390), ::testing::Lt(400))));
  for (int index = 0; index + 1 < jobs.jobs_size(); ++index) {
    EXPECT_EQ(jobs.jobs(index).id(), std::to_string(kMany - index));
  }
  EXPECT_EQ(jobs.jobs(jobs.jobs_size() - 1).id(), "1");
}

TEST_F(JobletService, ListsNoJobs) {
  EXPECT_THAT(call("JobletService/ListJobs").only<v2_10::Jobs>().jobs(), IsEmpty());
}

TEST_F(JobletService, CountsTheLiveJobsOfTheOneNetwork) {
  know(kId, 1, "RUNNING").set_network("none");
  know(kId, 2, "SCHEDULED").set_network("none");
  know(kId, 3, "COMPLETED").set_network("none");
  know(kId, 4, "RUNNING").set_network("host");
  for (const char* service : {"JobletService", "NetworkService"}) {
    const auto networks = call(std::string(service) + "/ListNetworks").only<v2_10::Networks>();
    ASSERT_THAT(networks.networks(), SizeIs(1));
    EXPECT_EQ(networks.networks(0).name(), "none");
    EXPECT_EQ(networks.networks(0).cidr(), "N/A");
    EXPECT_EQ(networks.networks(0).bridge(), "N/A");
    EXPECT_EQ(networks.networks(0).job_count(), 2);
  }
}

TEST_F(JobletService, SaysWhatItLacks) {
  for (const char* method :
       {"JobletService/CreateNetwork", "JobletService/RemoveNetwork",
        "NetworkService/CreateNetwork", "NetworkService/RemoveNetwork",
        "VolumeService/CreateVolume", "VolumeService/RemoveVolume",
        "MonitoringService/GetSystemStatus", "MonitoringService/StreamSystemMetrics"}) {
    EXPECT_THAT(call(method).status,
                HoldsError(Errc::kUnimplemented, HasSubstr("not available yet")))
        << method;
  }
  EXPECT_THAT(call("VolumeService/ListVolumes").only<v2_11::Volumes>().volumes(), IsEmpty());
}

TEST_F(JobletService, SendsAllThatAJobHasWritten) {
  know(kId, 7, "COMPLETED");
  play_.log = std::make_unique<test::LogOnDisk>();
  const std::string line(100'000, 'x');
  play_.log->write(LogStream::kStdout, line);
  play_.log->write(LogStream::kStdout, "end\n");
  const Served served = log_of("7");
  EXPECT_TRUE(served.status);
  std::string all;
  for (const std::string& message : served.messages) {
    v2_10::DataChunk chunk;
    ASSERT_TRUE(chunk.ParseFromString(message));
    EXPECT_LE(chunk.payload().size(), std::size_t{64} << 10);
    all += chunk.payload();
  }
  EXPECT_EQ(all, line + "end\n");
}

TEST_F(JobletService, SaysForWhenAJobIsScheduled) {
  know(kId, 7, "SCHEDULED").set_scheduled_at(1'752'214'734'000'000);
  play_.log = std::make_unique<test::LogOnDisk>();
  play_.log->write(LogStream::kStdout, "out\n");
  const Served served = log_of("7");
  EXPECT_TRUE(served.status);
  ASSERT_THAT(served.messages, SizeIs(2));
  v2_10::DataChunk first;
  ASSERT_TRUE(first.ParseFromString(served.messages.front()));
  EXPECT_EQ(first.payload(), "Job is scheduled for: 2025-07-11T06:18:54Z\n");
}

TEST_F(JobletService, HasNoLogOfAJobThatNeverRan) {
  know(kId, 7, "STOPPED");
  const Served served = log_of("7");
  EXPECT_TRUE(served.status);
  EXPECT_THAT(served.messages, IsEmpty());
}

TEST_F(JobletService, SaysWhyAJobCouldNotBeStarted) {
  v1::Node& node = know(kId, 7, "FAILED");
  node.set_cause("start-failed(execute)");
  node.set_message("execute nothing: No such file or directory");
  constexpr char kLine[] = "Job could not be started: execute nothing: No such file or directory\n";
  EXPECT_EQ(log_of("7").only<v2_10::DataChunk>().payload(), kLine);
  play_.log = std::make_unique<test::LogOnDisk>();  // With nothing in it.
  EXPECT_EQ(log_of("7").only<v2_10::DataChunk>().payload(), kLine);
  play_.nodes.front().set_started_at(1);
  EXPECT_THAT(log_of("7").messages, IsEmpty());
}

TEST_F(JobletService, TellsNobodyOfOutputThatHeMayNotRead) {
  know(kId, 7, "FAILED").set_message("execute nothing: No such file or directory");
  play_.refusals.emplace("Log", Error{Errc::kPermissionDenied, "others"});
  const Served served = log_of("7");
  EXPECT_THAT(served.status, HoldsError(Errc::kPermissionDenied, HasSubstr("others")));
  EXPECT_THAT(served.messages, IsEmpty());
}

TEST_F(JobletService, DoesNotHideThatALogIsMissing) {
  know(kId, 7, "COMPLETED").set_started_at(1);
  EXPECT_THAT(log_of("7").status, HoldsError(Errc::kNotFound, HasSubstr("opening a log")));
}

}  // namespace
}  // namespace warren::gateway
