// SPDX-License-Identifier: Apache-2.0

#include "face/joblet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace warren::face::joblet {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

v1::Node node_in(std::string_view state, std::optional<std::int32_t> exit_code = std::nullopt) {
  v1::Node node;
  node.set_state(std::string(state));
  if (exit_code) node.set_exit_code(*exit_code);
  return node;
}

TEST(JobletStatus, IsOneOfSix) {
  struct Row {
    std::string_view state;
    std::string_view status;
  };
  for (const auto& [state, status] : {
           Row{"SCHEDULED", "SCHEDULED"},
           Row{"QUEUED", "INITIALIZING"},
           Row{"STARTING", "INITIALIZING"},
           Row{"RUNNING", "RUNNING"},
           Row{"PAUSED", "RUNNING"},
           Row{"STOPPING", "RUNNING"},
           Row{"COMPLETED", "COMPLETED"},
           Row{"FAILED", "FAILED"},
           Row{"STOPPED", "STOPPED"},
           Row{"CANCELLED", "STOPPED"},
           Row{"LOST", "FAILED"},
       }) {
    EXPECT_EQ(status_of(node_in(state)), status) << state;
  }
}

TEST(JobletExitCode, IsThatOfAShellAndMinusOneAfterAStop) {
  struct Row {
    std::string_view state;
    std::optional<std::int32_t> ours;
    std::int32_t theirs;
  };
  for (const auto& [state, ours, theirs] : {
           Row{"SCHEDULED", std::nullopt, 0},
           Row{"RUNNING", std::nullopt, 0},
           Row{"STOPPING", std::nullopt, 0},
           Row{"COMPLETED", 0, 0},
           Row{"FAILED", 7, 7},
           Row{"FAILED", 127, 127},  // No such command.
           Row{"FAILED", 137, 137},  // Out of memory, or SIGKILL.
           Row{"FAILED", 139, 139},  // SIGSEGV.
           Row{"STOPPED", 143, -1},
           Row{"STOPPED", 0, -1},
           Row{"CANCELLED", 143, -1},
           Row{"LOST", 125, 125},
       }) {
    EXPECT_EQ(exit_code_of(node_in(state, ours)), theirs) << state;
  }
}

TEST(JobletTime, IsRfc3339WithoutAFraction) {
  EXPECT_EQ(time_text(0), "");
  EXPECT_EQ(time_text(1'752'214'734'000'000), "2025-07-11T06:18:54Z");
  EXPECT_EQ(time_text(1'752'214'734'999'999), "2025-07-11T06:18:54Z");
}

constexpr char kUuidOfWholeNode[] = "00000000-0001-4000-8000-0198f1e20000";

v1::Node whole_node() {
  v1::Node node = node_in("FAILED", 3);
  node.set_id("0198f1e2-0000-7000-8000-000000000001");
  node.set_seq(12);
  for (const char* word : {"bash", "-c", "exit 3"}) node.add_command(word);
  node.mutable_limits()->set_cpu_percent(50);
  for (const std::uint32_t core : {0U, 1U, 3U}) node.mutable_limits()->add_cores(core);
  node.mutable_limits()->set_memory_bytes(std::uint64_t{256} << 20);
  node.mutable_limits()->set_io_bytes_per_second(5'242'880);
  node.set_scheduled_at(1'752'214'734'000'000);
  node.set_started_at(1'752'214'735'000'000);
  node.set_ended_at(1'752'214'736'000'000);
  node.set_profile("isolated");
  node.set_network("none");
  return node;
}

template <typename Job>
void expect_whole(const Job& job) {
  EXPECT_EQ(job.command(), "bash");
  EXPECT_THAT(job.args(), ElementsAre("-c", "exit 3"));
  EXPECT_EQ(job.max_cpu(), 50);
  EXPECT_EQ(job.cpu_cores(), "0-1,3");
  EXPECT_EQ(job.max_memory(), 256);
  EXPECT_EQ(job.status(), "FAILED");
  EXPECT_EQ(job.scheduled_time(), "2025-07-11T06:18:54Z");
  EXPECT_EQ(job.start_time(), "2025-07-11T06:18:55Z");
  EXPECT_EQ(job.end_time(), "2025-07-11T06:18:56Z");
  EXPECT_EQ(job.exit_code(), 3);
}

TEST(JobletJob, HasWhatTheNodeHas) {
  const auto job = job_of<v2_10::Job>(whole_node());
  expect_whole(job);
  EXPECT_EQ(job.id(), "12");
  EXPECT_EQ(job.max_iobps(), 5'242'880);
}

TEST(JobletJob, IsTheSameInEveryAnswer) {
  const std::string job = job_of<v2_10::Job>(whole_node()).SerializeAsString();
  EXPECT_EQ(job_of<v2_10::RunJobRes>(whole_node()).SerializeAsString(), job);
  EXPECT_EQ(job_of<v2_10::GetJobStatusRes>(whole_node()).SerializeAsString(), job);
}

TEST(JobletJob, HasNoLimitsThatItsNodeLacks) {
  const auto job = job_of<v2_10::Job>(node_in("QUEUED"));
  EXPECT_EQ(job.max_cpu(), 0);
  EXPECT_EQ(job.cpu_cores(), "");
  EXPECT_EQ(job.max_memory(), 0);
  EXPECT_EQ(job.max_iobps(), 0);
  EXPECT_EQ(job.start_time(), "");
}

TEST(JobletJob, ShowsALimitThatIsTooLargeAsTheLargest) {
  v1::Node node = whole_node();
  node.mutable_limits()->set_io_bytes_per_second(std::uint64_t{1} << 40);
  EXPECT_EQ(job_of<v2_10::Job>(node).max_iobps(), 2'147'483'647);
}

TEST(JobletJob, EndsAsStoppedWithMinusOne) {
  v1::Node node = whole_node();
  node.set_state("STOPPED");
  const v2_10::StopJobRes stopped = stopped_job(node);
  EXPECT_EQ(stopped.id(), "12");
  EXPECT_EQ(stopped.status(), "STOPPED");
  EXPECT_EQ(stopped.end_time(), "2025-07-11T06:18:56Z");
  EXPECT_EQ(stopped.exit_code(), -1);
  EXPECT_EQ(stopped_uuid_job(node).uuid(), kUuidOfWholeNode);
  EXPECT_EQ(stopped_uuid_job(node).exit_code(), -1);
}

TEST(JobletUuidJob, HasWhatTheNodeHas) {
  const uuid::Job job = uuid_job_of(whole_node(), "box");
  expect_whole(job);
  EXPECT_EQ(job.uuid(), kUuidOfWholeNode);
  EXPECT_EQ(job.max_io_bps(), 5'242'880);
  EXPECT_EQ(job.node_id(), "box");
  const uuid::GetJobStatusResponse status = uuid_status_of(whole_node(), "box");
  expect_whole(status);
  EXPECT_EQ(status.uuid(), kUuidOfWholeNode);
  EXPECT_EQ(status.network(), "none");
  EXPECT_EQ(status.work_dir(), "/work");
  EXPECT_EQ(status.node_id(), "box");
}

TEST(JobletUuidJob, ShowsVariablesWithoutTheirValues) {
  v1::Node node = whole_node();
  for (const char* name : {"KEY", "PORT", "TOKEN"}) node.add_variables(name);
  (*node.mutable_labels())["joblet.secrets"] = "KEY,TOKEN";
  const uuid::Job job = uuid_job_of(node, "");
  EXPECT_THAT(job.environment(), UnorderedElementsAre(Pair("PORT", "********")));
  EXPECT_THAT(job.secret_environment(),
              UnorderedElementsAre(Pair("KEY", "********"), Pair("TOKEN", "********")));
}

TEST(JobletUuidJob, ShowsTheWorkingDirectoryThatWasAskedFor) {
  v1::Node node = whole_node();
  node.set_workdir("/tmp");
  EXPECT_EQ(uuid_status_of(node, "").work_dir(), "/tmp");
  node.clear_workdir();
  node.set_profile("host");
  EXPECT_EQ(uuid_status_of(node, "").work_dir(), "/");
}

}  // namespace
}  // namespace warren::face::joblet
