// SPDX-License-Identifier: Apache-2.0

#include "client/personality/log_history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "client/personality/job_entries.h"

namespace warren::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};
constexpr char kFirst[] = "0198f1e2-0000-7000-8000-000000000001";
constexpr char kSecond[] = "0198f1e2-0000-7000-8000-000000000002";

v1::Node job(const std::string& id) {
  v1::Node node;
  node.set_id(id);
  node.set_owner("alice");
  node.add_command("sh");
  node.add_command("-c");
  node.add_command("echo has ended: runs:\n" + std::string(10'000, 'x'));
  node.set_state("RUNNING");
  return node;
}

LogHistory history_of(std::string_view log, std::size_t piece) {
  LogScan scan;
  for (std::size_t at = 0; at < log.size(); at += piece) scan.take(log.substr(at, piece));
  return std::move(scan).finish();
}

TEST(LogScan, FindsJobsThatHaveNotEnded) {
  const std::string log =
      note_entry(kNow, "listening on :50051") + start_entry(kNow, job(kFirst)) +
      start_entry(kNow, job(kSecond)) + end_entry(kNow, job(kFirst)) +
      dump_entry(kFirst, {.stream = "stdout", .bytes = end_entry(kNow, job(kSecond)), .size = 1});
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, log.size()}) {
    const LogHistory history = history_of(log, piece);
    EXPECT_THAT(history.unfinished, ElementsAre(kSecond)) << piece;
    EXPECT_FALSE(history.is_broken_off) << piece;
  }
}

TEST(LogScan, SeesThatALineHasNoEnd) {
  const std::string whole = start_entry(kNow, job(kFirst));
  EXPECT_TRUE(history_of(whole + "half", 3).is_broken_off);
  EXPECT_THAT(history_of(whole.substr(0, 60), 60).unfinished, IsEmpty());
  EXPECT_FALSE(history_of("", 1).is_broken_off);
}

TEST(ParseEntry, KnowsAJobsStartAndEndAlone) {
  const auto start = parse_entry(start_entry(kNow, job(kFirst)));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->job, kFirst);
  EXPECT_FALSE(start->has_ended);
  const auto end = parse_entry(end_entry(kNow, job(kFirst)));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->job, kFirst);
  EXPECT_TRUE(end->has_ended);
  for (const std::string& line : {std::string(), std::string("| "), note_entry(kNow, "told to end"),
                                  note_entry(kNow, fmt::format("job {}: it is gone", kFirst)),
                                  fmt::format("| job {} of alice runs: sh", kFirst),
                                  fmt::format("T job {} of alice has not ended: ", kFirst),
                                  std::string("T job 7 of alice runs: sh")}) {
    EXPECT_FALSE(parse_entry(line)) << line;
  }
}

}  // namespace
}  // namespace warren::client
