// SPDX-License-Identifier: Apache-2.0

#include "rootfs/layer_pool.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/pool_file.h"
#include "rootfs/state_directory_test.h"
#include "tests/support/result_matchers.h"

namespace warren::rootfs {
namespace {

using test::HoldsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr Bytes kLimit{16 * kMebibyte};

struct Written {
  std::uint64_t bytes = 0;
  int error = 0;  // Of the write or of the fsync that follows.
};

// Incompressible enough, and as a command would: in pieces through the page cache.
Written write_file(const std::string& path, std::uint64_t size) {
  const os::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  const std::vector<std::byte> block(kMebibyte / 4, std::byte{0x5a});
  Written written;
  while (written.bytes < size) {
    const auto count = os::write_some(file.get(), block);
    if (!count) return {written.bytes, count.error().value};
    written.bytes += *count;
  }
  if (::fsync(file.get()) < 0) written.error = errno;
  return written;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

bool is_mounted(const std::string& path) {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string text(std::istreambuf_iterator<char>(mounts), {});
  return text.contains(" " + path + " ");
}

std::vector<std::string> loop_devices_of(const std::string& state) {
  std::vector<std::string> found;
  const auto disks = entry_names(AT_FDCWD, "/sys/block").value();
  for (const std::string& disk : disks) {
    const auto file =
        os::read_text(AT_FDCWD, ("/sys/block/" + disk + "/loop/backing_file").c_str());
    if (file && file->contains(state)) found.push_back(disk);
  }
  return found;
}

// Mount namespaces that other programs have just copied keep the device until they end.
bool loses_its_loop_device(const std::string& state) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!loop_devices_of(state).empty()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::unique_ptr<LayerPool> open_pool(const std::string& state, PoolKind kind) {
  auto pool = open_layer_pool(state, kind);
  EXPECT_TRUE(pool) << pool.error().message;
  return pool ? *std::move(pool) : nullptr;
}

class BtrfsPoolTest : public StateDirectoryTest {
 protected:
  void SetUp() override {
    StateDirectoryTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    auto pool = open_layer_pool(state(), PoolKind::kBtrfs);
    if (!pool && pool.error().code == Errc::kUnavailable) return cannot_run(pool.error().message);
    ASSERT_TRUE(pool) << pool.error().message;
    pool_ = *std::move(pool);
  }

  void TearDown() override {
    if (pool_) {
      EXPECT_TRUE(pool_->close());
    }
    pool_.reset();
    StateDirectoryTest::TearDown();
  }

  [[nodiscard]] std::string upper(const NodeId& id) const {
    return pool_->path() + "/" + layer_path(id) + "/upper";
  }

  std::unique_ptr<LayerPool> pool_;
};

class DirectoryPoolTest : public StateDirectoryTest {};

TEST_F(BtrfsPoolTest, MakesALayerThatOverlayfsCanUse) {
  ASSERT_TRUE(pool_->create(sandbox(1), std::nullopt));
  EXPECT_EQ(mode_of(upper(sandbox(1))), S_IFDIR | 0755U);
  EXPECT_EQ(mode_of(upper(sandbox(1)) + "/work"), S_IFDIR | 0755U);
  EXPECT_EQ(mode_of(upper(sandbox(1)) + "/tmp"), S_IFDIR | 01777U);
  EXPECT_EQ(mode_of(upper(sandbox(1)) + "/../work"), S_IFDIR | 0700U);
  EXPECT_EQ(mode_of(pool_->path()), S_IFDIR | 0700U);
  EXPECT_THAT(pool_->list(), ::testing::Optional(ElementsAre(sandbox(1))));
  EXPECT_THAT(pool_->create(sandbox(1), std::nullopt),
              HoldsError(Errc::kAlreadyExists, HasSubstr(sandbox(1).to_text())));
  EXPECT_TRUE(pool_->remove(sandbox(1)));
  EXPECT_TRUE(pool_->remove(sandbox(1)));
  EXPECT_THAT(pool_->list(), ::testing::Optional(IsEmpty()));
}

TEST_F(BtrfsPoolTest, HoldsTheLimitExactly) {
  ASSERT_EQ(pool_->limits_missing(), std::nullopt);
  ASSERT_TRUE(pool_->create(sandbox(1), kLimit));
  const Written written = write_file(upper(sandbox(1)) + "/work/file", 20 * kMebibyte);
  EXPECT_EQ(written.error, EDQUOT);
  EXPECT_LE(written.bytes, kLimit.value);
  EXPECT_GE(written.bytes, kLimit.value - kMebibyte);
  const auto usage = pool_->usage(sandbox(1));
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_LE(*usage, kLimit);
  EXPECT_GE(usage->value, kLimit.value - kMebibyte);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, BoundsNothingWithoutALimit) {
  ASSERT_TRUE(pool_->create(sandbox(1), std::nullopt));
  const Written written = write_file(upper(sandbox(1)) + "/work/file", 20 * kMebibyte);
  EXPECT_EQ(written.error, 0);
  EXPECT_EQ(written.bytes, 20 * kMebibyte);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, LiftsALimitThatWasReached) {
  ASSERT_TRUE(pool_->create(sandbox(1), kLimit));
  const std::string file = upper(sandbox(1)) + "/work/file";
  ASSERT_EQ(write_file(file, 20 * kMebibyte).error, EDQUOT);
  ASSERT_TRUE(pool_->set_limit(sandbox(1), std::nullopt));
  EXPECT_EQ(write_file(file, 20 * kMebibyte).error, 0);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, EmptyFilesReachTheLimitToo) {
  ASSERT_TRUE(pool_->create(sandbox(1), Bytes{kMebibyte}));
  constexpr int kFiles = 20'000;
  int made = 0;
  while (made < kFiles) {
    const std::string path =
        upper(sandbox(1)) + "/work/" + std::string(200, 'n') + std::to_string(made);
    const os::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file) break;
    ++made;
  }
  EXPECT_EQ(errno, EDQUOT);
  EXPECT_LT(made, kFiles);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, GrowsWhileItIsInUse) {
  struct stat before {};
  struct stat after {};
  const std::string file = state() + "/pool.btrfs";
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  ASSERT_TRUE(pool_->make_room());
  ASSERT_EQ(::stat(file.c_str(), &after), 0);
  EXPECT_GT(after.st_size, before.st_size);
  EXPECT_GE(after.st_blocks * 512, after.st_size);  // Preallocated, not sparse.
  ASSERT_TRUE(pool_->make_room());
  ASSERT_EQ(::stat(file.c_str(), &before), 0);
  EXPECT_EQ(after.st_size, before.st_size);
}

// A quota below the pool's file is what statvfs(3) does not know of.
TEST_F(BtrfsPoolTest, DoesNotGrowWhereTheDiskRefuses) {
  ASSERT_TRUE(pool_->make_room());
  ASSERT_TRUE(pool_->create(sandbox(1), kLimit));
  const std::string path = upper(sandbox(1)) + "/file";
  auto file = os::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(file);
  struct statvfs room {};
  ASSERT_EQ(::fstatvfs(file->get(), &room), 0);
  ASSERT_GT(room.f_bavail * room.f_frsize, 2048 * kMebibyte) << "the pool has not grown";
  EXPECT_EQ(extend_pool_file(file->get(), Bytes{256 * kMebibyte}), Bytes{});
  file->reset();
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, NamesTheDeviceThatWritesEnter) {
  const auto loops = loop_devices_of(state());
  ASSERT_EQ(loops.size(), 1U);
  const auto number = os::read_text(AT_FDCWD, ("/sys/block/" + loops[0] + "/dev").c_str());
  ASSERT_TRUE(pool_->device());
  EXPECT_EQ(to_text(*pool_->device()) + "\n", number);
}

TEST_F(BtrfsPoolTest, LeavesOnlyItsFileWhenItCloses) {
  ASSERT_TRUE(is_mounted(pool_->path()));
  ASSERT_TRUE(pool_->close());
  pool_.reset();
  EXPECT_FALSE(is_mounted(state() + "/sandboxes"));
  EXPECT_TRUE(loses_its_loop_device(state()));
  EXPECT_THAT(entry_names(AT_FDCWD, state().c_str()),
              ::testing::Optional(UnorderedElementsAre("pool.btrfs", "sandboxes")));
  EXPECT_THAT(entry_names(AT_FDCWD, (state() + "/sandboxes").c_str()),
              ::testing::Optional(IsEmpty()));
}

TEST_F(BtrfsPoolTest, KeepsItsMountWhileALayerIsLeft) {
  ASSERT_TRUE(pool_->create(sandbox(1), kLimit));
  ASSERT_TRUE(pool_->close());
  EXPECT_TRUE(is_mounted(state() + "/sandboxes"));
  pool_ = open_pool(state(), PoolKind::kAutomatic);
  EXPECT_THAT(pool_->list(), ::testing::Optional(ElementsAre(sandbox(1))));
  EXPECT_EQ(loop_devices_of(state()).size(), 1U);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, FindsItsLayersAgainAfterACrash) {
  ASSERT_TRUE(pool_->close());
  const pid_t child = ::fork();
  if (child == 0) {
    const auto pool = open_layer_pool(state(), PoolKind::kBtrfs);
    if (!pool || !(*pool)->create(sandbox(1), kLimit)) ::_exit(1);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  pool_ = open_pool(state(), PoolKind::kBtrfs);
  EXPECT_THAT(pool_->list(), ::testing::Optional(ElementsAre(sandbox(1))));
  EXPECT_EQ(loop_devices_of(state()).size(), 1U);
  EXPECT_EQ(write_file(upper(sandbox(1)) + "/work/file", 20 * kMebibyte).error, EDQUOT);
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, MountsAgainWhatSomebodyUnmounted) {
  ASSERT_TRUE(pool_->create(sandbox(1), std::nullopt));
  ASSERT_TRUE(os::detach_mount(pool_->path().c_str()));
  const auto again = open_pool(state(), PoolKind::kBtrfs);
  EXPECT_TRUE(is_mounted(again->path()));
  EXPECT_EQ(loop_devices_of(state()).size(), 1U);
  EXPECT_TRUE(again->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, DoesNotDisturbAnotherPool) {
  const std::string other_state = state() + "/other";
  ASSERT_EQ(::mkdir(other_state.c_str(), 0700), 0);
  const auto other = open_pool(other_state, PoolKind::kBtrfs);
  ASSERT_TRUE(other);
  ASSERT_TRUE(pool_->create(sandbox(1), std::nullopt));
  ASSERT_TRUE(other->create(sandbox(2), std::nullopt));
  EXPECT_THAT(pool_->list(), ::testing::Optional(ElementsAre(sandbox(1))));
  EXPECT_THAT(other->list(), ::testing::Optional(ElementsAre(sandbox(2))));
  ASSERT_TRUE(other->remove(sandbox(2)));
  ASSERT_TRUE(other->close());
  EXPECT_FALSE(is_mounted(other_state + "/sandboxes"));
  EXPECT_TRUE(is_mounted(pool_->path()));
  EXPECT_TRUE(pool_->remove(sandbox(1)));
}

TEST_F(BtrfsPoolTest, IsNotReplacedByDirectoriesWhenItsFileIsDamaged) {
  ASSERT_TRUE(pool_->close());
  pool_.reset();
  ASSERT_EQ(::truncate((state() + "/pool.btrfs").c_str(), 4096), 0);
  EXPECT_FALSE(open_layer_pool(state(), PoolKind::kAutomatic));
}

TEST_F(DirectoryPoolTest, ExplainsThatItHoldsNoLimit) {
  const auto pool = open_pool(state(), PoolKind::kDirectory);
  ASSERT_TRUE(pool);
  EXPECT_THAT(pool->create(sandbox(1), kLimit),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("btrfs")));
  EXPECT_THAT(pool->list(), ::testing::Optional(IsEmpty()));
  ASSERT_TRUE(pool->create(sandbox(1), std::nullopt));
  EXPECT_THAT(pool->set_limit(sandbox(1), kLimit),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("btrfs")));
  EXPECT_TRUE(pool->close());
}

TEST_F(DirectoryPoolTest, CountsWhatALayerHolds) {
  const auto pool = open_pool(state(), PoolKind::kDirectory);
  ASSERT_TRUE(pool);
  ASSERT_TRUE(pool->create(sandbox(1), std::nullopt));
  const std::string work = pool->path() + "/" + layer_path(sandbox(1)) + "/upper/work";
  ASSERT_EQ(write_file(work + "/file", kMebibyte).error, 0);
  const auto usage = pool->usage(sandbox(1));
  ASSERT_TRUE(usage);
  EXPECT_GE(usage->value, kMebibyte);
  EXPECT_LT(usage->value, 2 * kMebibyte);
}

TEST_F(DirectoryPoolTest, RemovesWhatNestsDeeperThanAnyName) {
  const auto pool = open_pool(state(), PoolKind::kDirectory);
  ASSERT_TRUE(pool);
  ASSERT_TRUE(pool->create(sandbox(1), std::nullopt));
  os::UniqueFd directory = open_directory(pool->path() + "/" + layer_path(sandbox(1)) + "/upper");
  constexpr int kDepth = 3000;
  for (int depth = 0; depth < kDepth; ++depth) {
    ASSERT_TRUE(os::make_directory(directory.get(), "deeper", 0));
    directory = os::open_at(directory.get(), "deeper", O_RDONLY | O_DIRECTORY).value();
    ASSERT_EQ(::symlinkat("/", directory.get(), "root"), 0);
  }
  EXPECT_TRUE(pool->remove(sandbox(1)));
  EXPECT_THAT(pool->list(), ::testing::Optional(IsEmpty()));
  EXPECT_EQ(::access("/etc", F_OK), 0);
}

}  // namespace
}  // namespace warren::rootfs
