// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_text.h"

#include <gtest/gtest.h>

namespace warren::face::joblet {
namespace {

v2_10::RunJobRes started(std::string_view status) {
  v2_10::RunJobRes job;
  job.set_id("2");
  job.set_command("bash");
  job.add_args("-c");
  job.add_args("while true; do :; done");
  job.set_status(std::string(status));
  return job;
}

TEST(JobletStartedText, IsTheBlockThatTheDocumentShows) {
  v2_10::RunJobRes job = started("RUNNING");
  job.set_start_time("2025-07-11T06:18:54Z");
  EXPECT_EQ(started_text(job, {}),
            "Job started:\n"
            "ID: 2\n"
            "Command: bash -c while true; do :; done\n"
            "Status: RUNNING\n"
            "StartTime: 2025-07-11T06:18:54Z\n");
}

TEST(JobletStartedText, TellsOfScheduleNetworkAndFiles) {
  v2_10::RunJobRes job;
  job.set_id("2");
  job.set_command("python3");
  job.add_args("process_data.py");
  job.set_status("SCHEDULED");
  job.set_scheduled_time("2025-07-19T15:45:30Z");
  EXPECT_EQ(started_text(job, {.schedule = "1hour", .network = "analytics", .files = 15}),
            "Job started:\n"
            "ID: 2\n"
            "Command: python3 process_data.py\n"
            "Status: SCHEDULED\n"
            "Schedule Input: 1hour\n"
            "Scheduled Time: 2025-07-19T15:45:30Z\n"
            "Network: analytics\n"
            "Files: 15 uploaded successfully\n");
}

TEST(JobletStartedText, HasNoTimeOfAJobThatWaits) {
  EXPECT_EQ(started_text(started("INITIALIZING"), {}),
            "Job started:\n"
            "ID: 2\n"
            "Command: bash -c while true; do :; done\n"
            "Status: INITIALIZING\n");
}

TEST(JobletText, KeepsControlCharactersFromTheTerminal) {
  v2_10::RunJobRes job = started("RUNNING");
  job.set_command("\x1b[2J\nID: 9\x7f\xc2\x9b");
  EXPECT_EQ(started_text(job, {}),
            "Job started:\n"
            "ID: 2\n"
            "Command: ?[2J?ID: 9?? -c while true; do :; done\n"
            "Status: RUNNING\n");
}

TEST(JobletListText, SaysWhenThereIsNone) {
  EXPECT_EQ(list_text({}), "No jobs found\n");
}

TEST(JobletListText, AlignsItsColumns) {
  v2_10::Jobs jobs;
  v2_10::Job& first = *jobs.add_jobs();
  first.set_id("12");
  first.set_status("COMPLETED");
  first.set_start_time("2025-07-11T06:18:54Z");
  first.set_command("ps");
  first.add_args("aux");
  v2_10::Job& second = *jobs.add_jobs();
  second.set_id("7");
  second.set_status("SCHEDULED");
  second.set_command("true");
  EXPECT_EQ(list_text(jobs),
            "ID  STATUS     START TIME            COMMAND\n"
            "12  COMPLETED  2025-07-11T06:18:54Z  ps aux\n"
            "7   SCHEDULED  N/A                   true\n");
}

TEST(JobletStatusText, TellsAllThatIsKnown) {
  v2_10::GetJobStatusRes job;
  job.set_id("12");
  job.set_command("ps");
  job.add_args("aux");
  job.set_status("FAILED");
  job.set_scheduled_time("2025-07-11T06:18:53Z");
  job.set_start_time("2025-07-11T06:18:54Z");
  job.set_end_time("2025-07-11T06:18:55Z");
  job.set_exit_code(137);
  job.set_max_cpu(50);
  job.set_cpu_cores("0-3");
  job.set_max_memory(256);
  job.set_max_iobps(5'242'880);
  EXPECT_EQ(status_text(job),
            "ID: 12\n"
            "Command: ps aux\n"
            "Status: FAILED\n"
            "Scheduled Time: 2025-07-11T06:18:53Z\n"
            "StartTime: 2025-07-11T06:18:54Z\n"
            "EndTime: 2025-07-11T06:18:55Z\n"
            "Exit Code: 137\n"
            "Max CPU: 50%\n"
            "CPU Cores: 0-3\n"
            "Max Memory: 256 MB\n"
            "Max IO BPS: 5242880\n");
}

TEST(JobletStatusText, HasNoExitCodeOfALiveJob) {
  v2_10::GetJobStatusRes job;
  job.set_id("12");
  job.set_command("ps");
  job.set_status("RUNNING");
  EXPECT_EQ(status_text(job), "ID: 12\nCommand: ps\nStatus: RUNNING\n");
}

TEST(JobletStoppedText, TellsWhichJob) {
  v2_10::StopJobRes job;
  job.set_id("12");
  job.set_status("STOPPED");
  EXPECT_EQ(stopped_text(job), "Job stopped:\nID: 12\nStatus: STOPPED\n");
}

v2_10::Network network(const char* name, const char* cidr, const char* bridge, int jobs) {
  v2_10::Network one;
  one.set_name(name);
  one.set_cidr(cidr);
  one.set_bridge(bridge);
  one.set_job_count(jobs);
  return one;
}

TEST(JobletNetworksText, IsTheTableThatTheDocumentShows) {
  v2_10::Networks networks;
  *networks.add_networks() = network("none", "N/A", "N/A", 0);
  *networks.add_networks() = network("isolated", "", "", 0);
  *networks.add_networks() = network("bridge", "172.20.0.0/16", "joblet0", 3);
  *networks.add_networks() = network("backend", "10.1.0.0/24", "joblet-backend", 3);
  *networks.add_networks() = network("frontend", "10.2.0.0/24", "joblet-frontend", 1);
  *networks.add_networks() = network("analytics", "192.168.100.0/24", "joblet-analytics", 0);
  EXPECT_EQ(networks_text(networks),
            "NAME           CIDR               BRIDGE          JOBS\n"
            "-----------    --------------     -----------     ----\n"
            "none           N/A                N/A             0 (built-in)\n"
            "isolated       N/A                N/A             0 (built-in)\n"
            "bridge         172.20.0.0/16      joblet0         3 (built-in)\n"
            "backend        10.1.0.0/24        joblet-backend  3\n"
            "frontend       10.2.0.0/24        joblet-frontend 1\n"
            "analytics      192.168.100.0/24   joblet-analytics 0\n");
}

TEST(JobletNetworkText, TellsWhatWasMadeAndWhatIsGone) {
  v2_10::CreateNetworkRes created;
  created.set_name("dev");
  created.set_cidr("10.1.0.0/24");
  created.set_bridge("joblet-dev");
  EXPECT_EQ(network_created_text(created),
            "Network created:\nName: dev\nCIDR: 10.1.0.0/24\nBridge: joblet-dev\n");
  v2_10::RemoveNetworkRes removed;
  EXPECT_EQ(network_removed_text("dev", removed), "Network removed: dev\n");
  removed.set_message("gone\x1b");
  EXPECT_EQ(network_removed_text("dev", removed), "gone?\n");
}

}  // namespace
}  // namespace warren::face::joblet
