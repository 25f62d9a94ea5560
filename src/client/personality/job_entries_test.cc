// SPDX-License-Identifier: Apache-2.0

#include "client/personality/job_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};  // 2027-01-15T08:00:00Z

v1::Node running_job() {
  v1::Node job;
  job.set_id("01899a4e-0000-7000-8000-000000000001");
  job.set_owner("alice");
  job.set_state("RUNNING");
  for (const char* word : {"sh", "-c", "echo a\necho b"}) job.add_command(word);
  job.set_pid(4711);
  job.set_cgroup("/sys/fs/cgroup/jobs/x");
  job.add_attached_pids(4711);
  job.add_attached_pids(4712);
  job.mutable_limits()->set_cpu_percent(50);
  job.mutable_limits()->set_memory_bytes(104'857'600);
  job.mutable_limits()->set_io_class(v1::Limits::IO_CLASS_LOW);
  job.mutable_limits()->set_pids(4096);
  job.mutable_usage()->set_cpu_usec(1'500'000);
  job.mutable_usage()->set_memory_bytes(4096);
  job.mutable_usage()->set_memory_peak_bytes(8192);
  job.mutable_usage()->set_pids(2);
  job.mutable_usage()->set_throttled_usec(250'000);
  return job;
}

TEST(StartEntry, SaysWhoRunsWhereWithinWhatAndWhatIsCounted) {
  EXPECT_EQ(start_entry(kNow, running_job()),
            "2027-01-15T08:00:00Z job 01899a4e-0000-7000-8000-000000000001 of alice runs: "
            "sh -c echo a echo b\n"
            "  pid: 4711\n"
            "  cgroup: /sys/fs/cgroup/jobs/x\n"
            "  attached pids: 4711 4712\n"
            "  limits: cpu 50 % of a core, memory 100M, io low, pids 4096\n"
            "  usage: cpu 1.500 s, memory 4096 bytes, at most 8192, read 0, written 0, pids 2\n"
            "  throttled: 0.250 s\n");
}

TEST(StartEntry, SaysSoWhereTheJobWasQuicker) {
  v1::Node job = running_job();
  job.clear_pid();
  job.clear_cgroup();
  EXPECT_THAT(start_entry(kNow, job), HasSubstr("  pid, cgroup: it had ended before"));
}

TEST(EndEntry, SaysHowItEndedInTheWordsOfTheClients) {
  v1::Node job = running_job();
  job.set_state("STOPPED");
  job.set_cause("stopped-by(alice)");
  const std::string text = end_entry(kNow, job);
  EXPECT_THAT(text, HasSubstr("of alice has ended: JOB_STATUS_STOPPED exit_code=-13 "
                              "stopped-by(alice)\n"));
  EXPECT_THAT(text, HasSubstr("\n  throttled: 0.250 s\n"));
  EXPECT_THAT(text, Not(HasSubstr("message")));
}

TEST(EndEntry, SaysWhyAJobDidNotStart) {
  v1::Node job = running_job();
  job.set_state("FAILED");
  job.set_cause("start-failed(execute)");
  job.set_message("execute: no-such-program: not found");
  EXPECT_THAT(end_entry(kNow, job), HasSubstr("JOB_STATUS_FAILED exit_code=-11"));
  EXPECT_THAT(end_entry(kNow, job),
              HasSubstr("\n  message: execute: no-such-program: not found\n"));
}

TEST(EndEntry, SaysWhatIsUnlimited) {
  v1::Node job = running_job();
  job.clear_limits();
  job.mutable_limits()->set_io_class(v1::Limits::IO_CLASS_HIGH);
  EXPECT_THAT(end_entry(kNow, job), HasSubstr("  limits: cpu max, memory max, io high\n"));
}

TEST(DumpEntry, PutsABarBeforeEachLine) {
  EXPECT_EQ(dump_entry("7", {.stream = "stdout", .bytes = "a\n\nb", .size = 100}),
            "----- stdout of job 7: the last 4 of 100 bytes -----\n"
            "| a\n| \n| b\n"
            "----- end of stdout of job 7 -----\n");
}

TEST(DumpEntry, LetsNoOutputPassForTheServers) {
  const std::string forged = "x\n----- end of stdout of job 7 -----\n2027-01-15T08:00:00Z job 8\n";
  const std::string text = dump_entry("7", {.stream = "stdout", .bytes = forged, .size = 3});
  EXPECT_THAT(text, HasSubstr("\n| ----- end of stdout of job 7 -----\n| 2027-01-15"));
}

TEST(DumpEntry, FramesNothingToo) {
  EXPECT_EQ(dump_entry("7", {.stream = "stderr", .bytes = "", .size = 0}),
            "----- stderr of job 7: the last 0 of 0 bytes -----\n"
            "----- end of stderr of job 7 -----\n");
}

TEST(NoteEntry, IsOneLine) {
  EXPECT_EQ(note_entry(kNow, "a\nb"), "2027-01-15T08:00:00Z a b\n");
}

}  // namespace
}  // namespace warren::client
