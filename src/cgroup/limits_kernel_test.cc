// SPDX-License-Identifier: Apache-2.0
//
// Each limit against a process that tries to exceed it, and without the limit once.

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cgroup/block_device.h"
#include "cgroup/kernel_fixture.h"

namespace warren::cgroup {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr std::uint64_t kMebibyte = 1 << 20;

class Limits : public KernelTree, public testing::WithParamInterface<Kind> {
 protected:
  void SetUp() override { open(GetParam()); }

  void require(std::string_view capability) {
    if (!has(capability)) GTEST_SKIP() << "this host cannot enforce " << capability;
  }
};

// How many children a process can have at once, up to ten; they wait for their end.
int count_children() {
  int count = 0;
  for (; count < 10; ++count) {
    const pid_t child = ::fork();
    if (child < 0) break;
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
  }
  return count;
}

int touch_memory() {
  constexpr std::size_t kSize = 64 * kMebibyte;
  void* const memory =
      ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  std::memset(memory, 1, kSize);
  return 0;
}

int spin_for_a_second() {
  const auto end = steady_clock::now() + std::chrono::seconds(1);
  while (steady_clock::now() < end) {
  }
  return 0;
}

int count_cores() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : -1;
}

TEST_P(Limits, ProcessesCannotBeMoreThanAllowed) {
  require("limit.pids");
  if (IsSkipped()) return;
  create("few", {.pids = 4});
  create("many", {});
  EXPECT_EQ(WEXITSTATUS(wait_status(start_in("few", count_children))), 3);
  EXPECT_EQ(WEXITSTATUS(wait_status(start_in("many", count_children))), 10);
  EXPECT_EQ(tree().usage("few")->pids, 3U);
}

TEST_P(Limits, AGroupBelowAnotherLivesWithinItsLimits) {
  require("limit.pids");
  if (IsSkipped()) return;
  create("parent", {.pids = 4});
  create("parent/child", {.pids = 8});
  EXPECT_EQ(WEXITSTATUS(wait_status(start_in("parent/child", count_children))), 3);
}

TEST_P(Limits, MemoryBeyondTheLimitIsFatalAndCounted) {
  require("limit.memory");
  if (IsSkipped()) return;
  create("small", {.memory = Bytes{32 * kMebibyte}});
  const int status = wait_status(start_in("small", touch_memory));
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_GE(tree().events("small")->oom_kills, 1U);
  EXPECT_LE(tree().usage("small")->memory_peak, Bytes{32 * kMebibyte});
}

TEST_P(Limits, TheSameMemoryIsHarmlessWithoutTheLimit) {
  require("limit.memory");
  if (IsSkipped()) return;
  create("large", {});
  EXPECT_EQ(wait_status(start_in("large", touch_memory)), 0);
  EXPECT_EQ(tree().events("large")->oom_kills, 0U);
  EXPECT_GE(tree().usage("large")->memory_peak, Bytes{64 * kMebibyte});
}

TEST_P(Limits, RunningOutOfMemoryBelowIsNotCountedAbove) {
  require("limit.memory");
  if (IsSkipped()) return;
  create("above", {.memory = Bytes{128 * kMebibyte}});
  create("above/below", {.memory = Bytes{32 * kMebibyte}});
  EXPECT_TRUE(WIFSIGNALED(wait_status(start_in("above/below", touch_memory))));
  EXPECT_GE(tree().events("above/below")->oom_kills, 1U);
  EXPECT_EQ(tree().events("above")->oom_kills, 0U);
  EXPECT_EQ(wait_status(start_in("above", touch_memory)), 0);
}

TEST_P(Limits, AGroupAboveAnotherStillRunsOutOfMemoryItself) {
  require("limit.memory");
  if (IsSkipped()) return;
  create("above", {.memory = Bytes{32 * kMebibyte}});
  create("above/below", {});
  EXPECT_TRUE(WIFSIGNALED(wait_status(start_in("above", touch_memory))));
  EXPECT_GE(tree().events("above")->oom_kills, 1U);
  EXPECT_EQ(tree().events("above/below")->oom_kills, 0U);
}

TEST_P(Limits, ProcessorTimeStaysBelowThePercentage) {
  require("limit.cpu");
  if (IsSkipped()) return;
  create("slow", {.cpu_percent = 10});
  EXPECT_EQ(wait_status(start_in("slow", spin_for_a_second)), 0);
  const auto usage = tree().usage("slow");
  ASSERT_TRUE(usage);
  EXPECT_GT(usage->cpu_usec, 0U);
  EXPECT_LT(usage->cpu_usec, 500'000U);
  EXPECT_GT(usage->throttled_usec, 0U);
}

TEST_P(Limits, CoresRestrictTheAffinity) {
  require("limit.cores");
  if (IsSkipped()) return;
  create("narrow", {.cores = {{0}}});
  create("narrow/below", {});
  EXPECT_EQ(WEXITSTATUS(wait_status(start_in("narrow", count_cores))), 1);
  EXPECT_EQ(WEXITSTATUS(wait_status(start_in("narrow/below", count_cores))), 1);
}

TEST_P(Limits, CoresAreThoseOfTheHost) {
  require("limit.cores");
  if (IsSkipped()) return;
  EXPECT_TRUE(tree().check({.cores = {{0}}}));
  const auto checked = tree().check({.cores = {{0, 8191}}});
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("it has no core 8191"));
}

TEST_P(Limits, MemoryIsBoundedByTheTightestGroupAround) {
  require("limit.memory");
  if (IsSkipped()) return;
  create("free", {});
  create("outer", {.memory = Bytes{64 * kMebibyte}});
  create("outer/wide", {.memory = Bytes{256 * kMebibyte}});
  create("outer/inner", {});
  create("outer/inner/narrow", {.memory = Bytes{32 * kMebibyte}});
  const auto bound_of = [&](const char* name) { return tree().memory_bounds(name)->memory; };
  // Version 1 says "none" with a number that no machine has.
  EXPECT_GT(bound_of("free").value_or(Bytes{~std::uint64_t{0}}), Bytes{64 * kMebibyte});
  EXPECT_EQ(bound_of("outer"), Bytes{64 * kMebibyte});
  EXPECT_EQ(bound_of("outer/wide"), Bytes{64 * kMebibyte});
  EXPECT_EQ(bound_of("outer/inner"), Bytes{64 * kMebibyte});
  EXPECT_EQ(bound_of("outer/inner/narrow"), Bytes{32 * kMebibyte});
  EXPECT_FALSE(tree().memory_bounds("absent"));
}

TEST_P(Limits, SwapIsBoundedBeyondMemory) {
  require("limit.swap");
  if (IsSkipped()) return;
  create("none", {.memory = Bytes{64 * kMebibyte}});
  create("some", {.memory = Bytes{64 * kMebibyte}, .swap = Bytes{16 * kMebibyte}});
  EXPECT_EQ(tree().memory_bounds("none")->swap, Bytes{});
  EXPECT_EQ(tree().memory_bounds("some")->swap, Bytes{16 * kMebibyte});
}

// A file on a disk, and how long its direct writes take.
class DirectFile {
 public:
  DirectFile() : path_(std::filesystem::current_path() / fmt::format("direct-{}", ::getpid())) {
    fd_ = os::UniqueFd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
    struct stat status {};
    if (fd_ && ::fstat(fd_.get(), &status) == 0) {
      device_ = fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
    }
  }
  ~DirectFile() { std::filesystem::remove(path_); }
  DirectFile(const DirectFile&) = delete;
  DirectFile& operator=(const DirectFile&) = delete;

  [[nodiscard]] bool is_on_a_disk() const { return fd_ && resolve_disk(device_); }
  [[nodiscard]] const std::string& device() const { return device_; }

  // Body of a process: writes 2 MiB and says whether that took at least `least`.
  [[nodiscard]] int write_for(milliseconds least) const {
    constexpr std::size_t kSize = 256 * 1024;
    void* const block = std::aligned_alloc(4096, kSize);
    std::memset(block, 1, kSize);
    const auto begin = steady_clock::now();
    for (int count = 0; count < 8; ++count) {
      if (::write(fd_.get(), block, kSize) != static_cast<ssize_t>(kSize)) return 2;
    }
    return steady_clock::now() - begin >= least ? 0 : 1;
  }

 private:
  std::filesystem::path path_;
  os::UniqueFd fd_;
  std::string device_;
};

TEST_P(Limits, DirectWritesStayBelowTheBandwidth) {
  require("limit.io");
  if (IsSkipped()) return;
  const DirectFile file;
  if (!file.is_on_a_disk()) GTEST_SKIP() << "the working directory is not on a disk";
  const model::Limits limits{.io_per_second = Bytes{kMebibyte}, .io_direct_only = true};
  const auto created = tree().create("io", limits, file.device());
  ASSERT_TRUE(created) << created.error().message;
  // Two seconds' worth; the kernel may let the first slice of time pass at once.
  const auto body = [&] { return file.write_for(milliseconds(1000)); };
  EXPECT_EQ(wait_status(start_in("io", body)), 0);
  EXPECT_GE(tree().usage("io")->io_write, Bytes{2 * kMebibyte});
}

TEST_P(Limits, BandwidthNeedsABlockDevice) {
  require("limit.io");
  if (IsSkipped()) return;
  const model::Limits limits{.io_per_second = Bytes{kMebibyte}, .io_direct_only = true};
  const auto created = tree().create("io", limits, "0:4095");
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(tree().list().value(), testing::IsEmpty());
}

TEST_P(Limits, BandwidthOnVersionOneIsRefusedUnlessDirectWritesAreEnough) {
  require("limit.io");
  if (IsSkipped()) return;
  const auto capabilities = tree().capabilities();
  const auto io = std::ranges::find(capabilities, "limit.io", &Capability::name);
  if (!io->detail.starts_with("version 1")) GTEST_SKIP() << "the host limits buffered writes";
  const auto refused = tree().check({.io_per_second = Bytes{kMebibyte}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("boot with the unified hierarchy"));
  EXPECT_TRUE(tree().check({.io_per_second = Bytes{kMebibyte}, .io_direct_only = true}));
}

std::string kind_name(const testing::TestParamInfo<Kind>& info) {
  return to_text(info.param);
}

INSTANTIATE_TEST_SUITE_P(OnThisHost, Limits, testing::Values(Kind::kNative, Kind::kFreezer),
                         kind_name);

}  // namespace
}  // namespace warren::cgroup
