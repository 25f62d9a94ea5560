// SPDX-License-Identifier: Apache-2.0
//
// S23: what a sandbox may not have it does not get, and the same payload passes without the limit.

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/security/attack_test.h"

namespace warren::test {
namespace {

using model::Limits;
using ::testing::HasSubstr;

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

class S23_Resources : public AttackTest {
 protected:
  static Outcome take(const std::string& what, const Limits& limits = {}) {
    model::JobSpec spec = attacker_job({what});
    spec.sandbox.limits = limits;
    return run(spec);
  }
  static std::string verdict(const Outcome& outcome) {
    const auto verdicts = read_report(outcome.out);
    if (!verdicts.empty()) return verdicts.back().result;
    return fmt::format("none; {}{}", outcome.ended.message, outcome.err);
  }
};

TEST_F(S23_Resources, Memory) {
  const Outcome outcome = take("take-memory=256", {.memory = Bytes{64 * kMebibyte}});
  EXPECT_TRUE(outcome.ended.out_of_memory);
  EXPECT_NE(outcome.exit_code(), 0);
  const Outcome unlimited = take("take-memory=256");
  EXPECT_EQ(verdict(unlimited), "succeeded");
  EXPECT_FALSE(unlimited.ended.out_of_memory);
}

TEST_F(S23_Resources, MemoryOfSharedFilesCountsToo) {
  const Outcome outcome = take("take-disk=48:/dev/shm/file", {.memory = Bytes{24 * kMebibyte}});
  EXPECT_TRUE(outcome.ended.out_of_memory);
  EXPECT_EQ(verdict(take("take-disk=48:/dev/shm/file")), "succeeded");
}

TEST_F(S23_Resources, Processes) {
  EXPECT_EQ(verdict(take("take-processes=300", {.pids = 32})), "EAGAIN");
  EXPECT_EQ(verdict(take("take-processes=300")), "succeeded");
}

TEST_F(S23_Resources, DiskWhereverItIsWritten) {
  for (const char* directory : {"/tmp", "/work", "/var/tmp", "/root"}) {
    const std::string attack = fmt::format("take-disk=96:{}/file", directory);
    const Outcome outcome = take(attack, {.disk = Bytes{32 * kMebibyte}});
    EXPECT_THAT(verdict(outcome), ::testing::AnyOf("EDQUOT", "ENOSPC")) << directory;
    EXPECT_EQ(verdict(take(attack)), "succeeded") << directory;
  }
}

TEST_F(S23_Resources, EmptyFilesCountAsDisk) {
  const std::string attack = "take-files=60000:/work";
  const Outcome outcome = take(attack, {.disk = Bytes{16 * kMebibyte}});
  EXPECT_THAT(verdict(outcome), ::testing::AnyOf("EDQUOT", "ENOSPC"));
  EXPECT_EQ(verdict(take(attack)), "succeeded");
}

TEST_F(S23_Resources, SharedMemoryIsBoundedWithoutAnyLimit) {
  EXPECT_EQ(verdict(take("take-disk=96:/dev/shm/file")), "ENOSPC");
  EXPECT_EQ(verdict(take("take-files=70000:/dev/shm")), "ENOSPC");
  amend(all_of({replace_text("size=64M", "size=128M"),
                replace_text("nr_inodes=65536", "nr_inodes=131072")}));
  EXPECT_EQ(verdict(take("take-disk=96:/dev/shm/file")), "succeeded");
  EXPECT_EQ(verdict(take("take-files=70000:/dev/shm")), "succeeded");
}

TEST_F(S23_Resources, TheDirectoryOfDevicesIsBounded) {
  EXPECT_EQ(verdict(take("take-disk=1:/dev/file")), "ENOSPC");
  EXPECT_EQ(verdict(take("take-files=200:/dev")), "ENOSPC");
  amend(all_of(
      {replace_text("size=64k", "size=4M"), replace_text("nr_inodes=128", "nr_inodes=1024")}));
  EXPECT_EQ(verdict(take("take-disk=1:/dev/file")), "succeeded");
  EXPECT_EQ(verdict(take("take-files=200:/dev")), "succeeded");
}

TEST_F(S23_Resources, Descriptors) {
  EXPECT_EQ(verdict(take("take-descriptors=2000")), "EMFILE");
  // A process may raise its soft limit, up to the hard one.
  EXPECT_EQ(verdict(take("take-all-descriptors=70000")), "EMFILE");
  amend(replace_text("1024", "4096"));
  EXPECT_EQ(verdict(take("take-descriptors=2000")), "succeeded");
}

// The host has a few thousand for all sandboxes together.
TEST_F(S23_Resources, Terminals) {
  EXPECT_EQ(verdict(take("take-terminals=500")), "ENOSPC");
  amend(replace_text("max=256", "max=1000"));
  EXPECT_EQ(verdict(take("take-terminals=500")), "succeeded");
}

TEST_F(S23_Resources, OutputBeyondItsLimitIsReadAndCounted) {
  constexpr std::uint64_t kLimit = kMebibyte;
  const Outcome outcome = take("take-log=16", {.log = Bytes{kLimit}});
  EXPECT_EQ(outcome.exit_code(), 0);
  EXPECT_LE(outcome.out.size(), kLimit + 1024);
  EXPECT_THAT(outcome.out, HasSubstr("[warren: the output limit is reached"));
  EXPECT_GE(outcome.ended.lost_bytes.value, 15 * kMebibyte);

  const Outcome unlimited = take("take-log=16");
  EXPECT_GE(unlimited.out.size(), 16 * kMebibyte);
  EXPECT_EQ(unlimited.ended.lost_bytes.value, 0U);
}

}  // namespace
}  // namespace warren::test
