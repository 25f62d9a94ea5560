// SPDX-License-Identifier: Apache-2.0
//
// What the store promises when its process is killed and when its disk is full.

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstring>
#include <fstream>

#include "store/child_fixture.h"
#include "store/store_fixture.h"

namespace warren::store {
namespace {

namespace fs = std::filesystem;

// Two nodes for each number, so that half a batch would show.
Batch pair_of(std::uint16_t number) {
  const auto first = static_cast<std::uint16_t>(2 * number);
  const auto second = static_cast<std::uint16_t>(2 * number + 1);
  return batch_of(InsertNode{make_node(first)}, InsertNode{make_node(second)});
}

// Commits pairs as fast as it can and reports each number once it is done.
void commit_until_killed(const fs::path& directory, int report) {
  const auto store = open_store(directory);
  for (std::uint16_t number = 1; number < 30'000; ++number) {
    store->submit(pair_of(number), [=](const Result<>& outcome) {
      if (outcome && ::write(report, &number, sizeof number) < 0) ::_exit(1);
    });
  }
  ::pause();
}

std::vector<std::uint16_t> numbers_in(const std::string& bytes) {
  std::vector<std::uint16_t> numbers(bytes.size() / sizeof(std::uint16_t));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(std::uint16_t));
  return numbers;
}

TEST(Crash, KillingTheProcessLosesNothingThatWasReportedAsDone) {
  const TempDirectory directory;
  Child child([&](int report) { commit_until_killed(directory.path(), report); });
  std::string reported = child.read(600);
  child.kill();
  reported += child.read_all();
  ASSERT_GE(reported.size(), 600U);

  const auto store = open_store(directory.path());
  for (const std::uint16_t number : numbers_in(reported)) {
    ASSERT_TRUE(value_of(store->find_by_seq(std::uint64_t{2} * number))) << number;
    ASSERT_TRUE(value_of(store->find_by_seq(std::uint64_t{2} * number + 1))) << number;
  }
  EXPECT_EQ(value_of(store->load()).live.size() % 2, 0U);
}

// A file system of 1 MiB that only this process sees, and that goes with it.
bool mount_small_disk(const fs::path& directory) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=1m") == 0;
}

// Runs after mount_small_disk(). Returns what went wrong.
std::string fill_the_disk(const fs::path& directory) {
  const fs::path ballast = directory / "ballast";
  std::ofstream(ballast) << std::string(262'144, 'x');
  const auto store = open_store(directory);
  std::uint16_t number = 1;
  Result<> outcome;
  for (; outcome && number < 30'000; ++number) outcome = commit(*store, pair_of(number));
  if (outcome) return "the disk did not fill";
  if (outcome.error().code != Errc::kResourceExhausted) return outcome.error().message;

  const auto failed = static_cast<std::uint16_t>(number - 1);
  const auto before = static_cast<std::uint16_t>(number - 2);
  if (value_of(store->find_by_seq(std::uint64_t{2} * failed)))
    return "a failed batch has had an effect";
  if (!value_of(store->find_by_seq(std::uint64_t{2} * before)))
    return "a batch before the failure is gone";

  fs::remove(ballast);
  const auto again = commit(*store, pair_of(failed));
  if (!again) return "with space again: " + again.error().message;
  return value_of(store->find_by_seq(std::uint64_t{2} * failed))
             ? ""
             : "the repeated batch is not there";
}

TEST(Crash, AFullDiskIsReportedAndOvercomeOnceThereIsSpace) {
  const TempDirectory directory;
  const std::string outcome = in_child([&]() -> std::string {
    if (!mount_small_disk(directory.path())) return "cannot mount";
    return fill_the_disk(directory.path());
  });
  if (outcome == "cannot mount\n" && std::getenv("WARREN_TEST_REQUIRE_SANDBOX") == nullptr) {
    GTEST_SKIP() << "needs the right to mount a file system";
  }
  EXPECT_EQ(outcome, "\n");
}

TEST(Crash, AFullDiskAtTheStartIsAnErrorOfOneLine) {
  const TempDirectory directory;
  const std::string outcome = in_child([&]() -> std::string {
    if (!mount_small_disk(directory.path())) return "cannot mount";
    std::ofstream(directory.path() / "ballast") << std::string(2'097'152, 'x');
    const auto opened = Store::open(directory.path(), Durability::kProcess);
    if (opened) return "it opened";
    return opened.error().code == Errc::kResourceExhausted ? "full" : opened.error().message;
  });
  if (outcome == "cannot mount\n" && std::getenv("WARREN_TEST_REQUIRE_SANDBOX") == nullptr) {
    GTEST_SKIP() << "needs the right to mount a file system";
  }
  EXPECT_EQ(outcome, "full\n");
}

}  // namespace
}  // namespace warren::store
