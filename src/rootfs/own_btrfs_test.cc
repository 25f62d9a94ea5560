// SPDX-License-Identifier: Apache-2.0
//
// A pool whose state directory is on a btrfs that is not the pool's own.

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include "os/call.h"
#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/btrfs_volume.h"
#include "rootfs/gone_accounts.h"
#include "rootfs/layer_pool.h"
#include "rootfs/state_directory_test.h"
#include "tests/support/btrfs_directory.h"
#include "tests/support/result_matchers.h"

namespace warren::rootfs {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr Bytes kLimit{16 * kMebibyte};

// Writes through the page cache up to `size`; the error of the write or the fsync that failed.
int write_file(const std::string& path, std::uint64_t size) {
  const os::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const std::vector<std::byte> block(kMebibyte / 4, std::byte{0x5a});
  for (std::uint64_t written = 0; written < size; written += block.size()) {
    if (const auto done = os::write_all(file.get(), block); !done) return done.error().value;
  }
  return ::fsync(file.get()) < 0 ? errno : 0;
}

class OwnBtrfs : public StateDirectoryTest {
 protected:
  void open(QuotaKind quotas) {
    if (IsSkipped() || HasFatalFailure()) return;
    place_ = state() + "/disk";
    ASSERT_EQ(::mkdir(place_.c_str(), 0755), 0);
    auto disk = test::BtrfsDirectory::create(place_, quotas);
    if (!disk && disk.error().code == Errc::kUnavailable) return cannot_run(disk.error().message);
    if (!disk && disk.error().code == Errc::kFailedPrecondition)
      GTEST_SKIP() << disk.error().message;
    ASSERT_TRUE(disk) << disk.error().message;
    disk_ = *std::move(disk);
    auto pool = open_layer_pool(place_, PoolKind::kAutomatic);
    ASSERT_TRUE(pool) << pool.error().message;
    pool_ = *std::move(pool);
  }

  void TearDown() override {
    if (pool_) {
      EXPECT_TRUE(pool_->close());
    }
    pool_.reset();
    disk_.reset();
    StateDirectoryTest::TearDown();
  }

  [[nodiscard]] LayerPool& pool() { return *pool_; }
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] std::string work(const NodeId& id) const {
    return pool_->path() + "/" + layer_path(id) + "/upper/work";
  }

  // How many subvolumes the file system keeps accounts of.
  [[nodiscard]] std::size_t count_accounts() const {
    const os::UniqueFd root = open_directory(place_);
    const std::string sysfs = sysfs_directory(root.get()).value() + "/qgroups";
    const auto names = entry_names(AT_FDCWD, sysfs.c_str()).value();
    return static_cast<std::size_t>(std::ranges::count_if(
        names, [](const std::string& name) { return name.starts_with("0_"); }));
  }

 private:
  std::string place_;
  std::unique_ptr<test::BtrfsDirectory> disk_;
  std::unique_ptr<LayerPool> pool_;
};

class OwnBtrfsWithQuotas : public OwnBtrfs, public ::testing::WithParamInterface<QuotaKind> {
 protected:
  void SetUp() override {
    OwnBtrfs::SetUp();
    open(GetParam());
  }
};

TEST_P(OwnBtrfsWithQuotas, KeepsLayersOnIt) {
  ASSERT_TRUE(pool().create(sandbox(1), std::nullopt));
  // No file with a file system in it, and no further mount.
  EXPECT_THAT(entry_names(AT_FDCWD, place().c_str()),
              ::testing::Optional(UnorderedElementsAre("sandboxes")));
  EXPECT_THAT(pool().list(), ::testing::Optional(::testing::ElementsAre(sandbox(1))));
  struct stat status {};
  ASSERT_EQ(::stat(pool().path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, S_IFDIR | 0700U);
  EXPECT_TRUE(pool().device());
  EXPECT_TRUE(pool().remove(sandbox(1)));
}

TEST_P(OwnBtrfsWithQuotas, HoldsTheLimitExactly) {
  ASSERT_EQ(pool().limits_missing(), std::nullopt);
  ASSERT_TRUE(pool().create(sandbox(1), kLimit));
  ASSERT_TRUE(pool().create(sandbox(2), std::nullopt));
  EXPECT_EQ(write_file(work(sandbox(1)) + "/file", 20 * kMebibyte), EDQUOT);
  EXPECT_EQ(write_file(work(sandbox(2)) + "/file", 20 * kMebibyte), 0);
  const auto usage = pool().usage(sandbox(1));
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_LE(*usage, kLimit);
  EXPECT_GE(usage->value, kLimit.value - kMebibyte);
  ASSERT_TRUE(pool().set_limit(sandbox(1), std::nullopt));
  EXPECT_EQ(write_file(work(sandbox(1)) + "/file", 20 * kMebibyte), 0);
  EXPECT_TRUE(pool().remove(sandbox(1)));
  EXPECT_TRUE(pool().remove(sandbox(2)));
}

TEST_P(OwnBtrfsWithQuotas, EmptyFilesReachTheLimitToo) {
  constexpr int kFiles = 20'000;
  ASSERT_TRUE(pool().create(sandbox(1), Bytes{kMebibyte}));
  int made = 0;
  for (; made < kFiles; ++made) {
    const std::string path = work(sandbox(1)) + "/" + std::string(200, 'n') + std::to_string(made);
    if (!os::UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644))) break;
  }
  EXPECT_EQ(errno, EDQUOT);
  EXPECT_LT(made, kFiles);
  EXPECT_TRUE(pool().remove(sandbox(1)));
}

TEST_P(OwnBtrfsWithQuotas, LeavesNoAccountOfWhatIsGone) {
  constexpr std::uint8_t kLayers = 60;
  constexpr std::size_t kReady = 20;  // Those of layers made ahead, and of the root.
  for (std::uint8_t number = 1; number <= kLayers; ++number) {
    ASSERT_TRUE(pool().create(sandbox(number), kLimit));
    ASSERT_EQ(write_file(work(sandbox(number)) + "/file", kMebibyte / 4), 0);
    ASSERT_TRUE(pool().remove(sandbox(number)));
  }
  // The kernel clears removed subvolumes away behind our back; a sync(2) of btrfs' own hurries it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (count_accounts() > kReady && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(run_program("btrfs", {"filesystem", "sync", place()}));
    // Older kernels have to be asked once more, which the next removal does.
    ASSERT_TRUE(pool().create(sandbox(1), std::nullopt));
    ASSERT_TRUE(pool().remove(sandbox(1)));
  }
  EXPECT_LE(count_accounts(), kReady);
}

INSTANTIATE_TEST_SUITE_P(OnThisHost, OwnBtrfsWithQuotas,
                         ::testing::Values(QuotaKind::kSimple, QuotaKind::kFull),
                         test::name_of_quotas);

TEST_F(OwnBtrfs, WithoutQuotasSaysHowToGetLimits) {
  open(QuotaKind::kNone);
  if (IsSkipped() || HasFatalFailure()) return;
  EXPECT_THAT(pool().limits_missing(),
              ::testing::Optional(HasSubstr("btrfs quota enable " + place())));
  EXPECT_THAT(pool().create(sandbox(1), kLimit),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("btrfs quota enable")));
  EXPECT_THAT(pool().list(), ::testing::Optional(::testing::IsEmpty()));
  ASSERT_TRUE(pool().create(sandbox(1), std::nullopt));
  EXPECT_EQ(write_file(work(sandbox(1)) + "/file", 20 * kMebibyte), 0);
  EXPECT_TRUE(pool().remove(sandbox(1)));
}

// As the next engine does, when one was killed before the kernel had cleared its layers away.
TEST_F(OwnBtrfs, FindsTheAccountsOfWhatIsGone) {
  open(QuotaKind::kFull);
  if (IsSkipped() || HasFatalFailure()) return;
  const os::UniqueFd root = open_directory(place());
  ASSERT_TRUE(pool().create(sandbox(1), kLimit));
  ASSERT_TRUE(pool().create(sandbox(2), kLimit));
  const os::UniqueFd layers = open_directory(pool().path() + "/layers");
  const std::uint64_t id =
      subvolume_id(open_directory(pool().path() + "/" + layer_path(sandbox(1))).get()).value();
  EXPECT_EQ(subvolume_exists(root.get(), id), true);
  ASSERT_TRUE(destroy_subvolume(layers.get(), sandbox(1).to_text().c_str()));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (subvolume_exists(root.get(), id).value() && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(run_program("btrfs", {"filesystem", "sync", place()}));
  }
  ASSERT_EQ(subvolume_exists(root.get(), id), false);

  // Newer kernels have forgotten it by now, older ones not.
  const std::string qgroups = sysfs_directory(root.get()).value() + "/qgroups";
  const std::string account = qgroups + "/0_" + std::to_string(id);
  GoneAccounts gone;
  ASSERT_TRUE(gone.find(root.get(), qgroups));
  constexpr std::uint64_t kNever = 100'000;
  while (::access(account.c_str(), F_OK) == 0 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(run_program("btrfs", {"filesystem", "sync", place()}));
    gone.remove(root.get(), kNever);
  }
  EXPECT_NE(::access(account.c_str(), F_OK), 0);
  // That of what is there holds.
  EXPECT_EQ(write_file(work(sandbox(2)) + "/file", 20 * kMebibyte), EDQUOT);
  EXPECT_TRUE(pool().remove(sandbox(2)));
}

}  // namespace
}  // namespace warren::rootfs
