// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/job_list.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "joblet/uuid.pb.h"
#include "joblet/v2_10.pb.h"

namespace warren::gateway {
namespace {

namespace uuid = face::joblet::uuid;
namespace v2_10 = face::joblet::v2_10;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

void call_it(v2_10::Job& job, const std::string& name) {
  job.set_id(name);
}
void call_it(uuid::Job& job, const std::string& name) {
  job.set_uuid(name);
}
std::string name_of(const v2_10::Job& job) {
  return job.id();
}
std::string name_of(const uuid::Job& job) {
  return job.uuid();
}

// A job of about `size` bytes.
template <typename Job>
Job job_of_size(const std::string& name, const std::string& status, std::size_t size) {
  Job job;
  call_it(job, name);
  job.set_status(status);
  job.set_command(std::string(size, 'x'));
  return job;
}

template <typename Job>
std::vector<std::string> names_of(JobList<Job> list) {
  const auto jobs = std::move(list).take();
  std::vector<std::string> names;
  std::size_t size = 0;
  for (const Job& job : jobs) {
    names.push_back(name_of(job));
    size += job.ByteSizeLong();
  }
  EXPECT_LE(size, kLargestList);
  return names;
}

// Of each generation, whose messages differ.
template <typename Job>
class JobListOf : public ::testing::Test {};
using Generations = ::testing::Types<v2_10::Job, uuid::Job>;
TYPED_TEST_SUITE(JobListOf, Generations);

TYPED_TEST(JobListOf, HasAllThatFits) {
  JobList<TypeParam> list;
  EXPECT_THAT(names_of(list), ElementsAre());
  list.add(job_of_size<TypeParam>("b", "RUNNING", 10));
  list.add(job_of_size<TypeParam>("a", "COMPLETED", 10));
  EXPECT_THAT(names_of(std::move(list)), ElementsAre("b", "a"));
}

TYPED_TEST(JobListOf, LeavesOutTheOldestThatHaveEnded) {
  constexpr std::size_t kQuarter = kLargestList / 4;
  JobList<TypeParam> list;
  list.add(job_of_size<TypeParam>("6", "COMPLETED", kQuarter));
  list.add(job_of_size<TypeParam>("5", "FAILED", kQuarter));
  list.add(job_of_size<TypeParam>("4", "STOPPED", kQuarter));
  list.add(job_of_size<TypeParam>("3", "STOPPED", 1));  // It would fit, but 4 is newer.
  list.add(job_of_size<TypeParam>("2", "RUNNING", kQuarter));
  list.add(job_of_size<TypeParam>("1", "SCHEDULED", 1));
  EXPECT_THAT(names_of(std::move(list)), ElementsAre("6", "5", "2", "1"));
}

TYPED_TEST(JobListOf, KeepsTheNewestOfMany) {
  constexpr std::size_t kSize = kLargestList / 10;
  JobList<TypeParam> list;
  for (int i = 1000; i > 0; --i) {
    const bool lives = i % 500 == 0;
    list.add(job_of_size<TypeParam>(std::to_string(i), lives ? "RUNNING" : "FAILED", kSize));
  }
  // Nine of that size fit, with what is around it; two of them live.
  EXPECT_THAT(names_of(std::move(list)),
              ElementsAreArray({"1000", "999", "998", "997", "996", "995", "994", "993", "500"}));
}

TYPED_TEST(JobListOf, HoldsNoMoreThanTwiceWhatFits) {
  constexpr std::size_t kSize = kLargestList / 3;
  JobList<TypeParam> list;
  for (int i = 0; i < 100; ++i) list.add(job_of_size<TypeParam>("a", "FAILED", kSize));
  EXPECT_LE(list.size(), 3 * kLargestList);
}

}  // namespace
}  // namespace warren::gateway
