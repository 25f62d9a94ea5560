// SPDX-License-Identifier: Apache-2.0

#include "rootfs/btrfs_pool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/text_file.h"
#include "rootfs/btrfs_volume.h"
#include "rootfs/pool_directories.h"
#include "rootfs/pool_file.h"

namespace warren::rootfs {
namespace {

constexpr Bytes kStep{std::uint64_t{4} << 30};
// A layer with a larger limit still finds this much room; the rest comes when it is used.
constexpr Bytes kMostHeadroom{std::uint64_t{32} << 30};

constexpr std::size_t kReadyLayers = 16;

constexpr std::uint64_t kMountAttributes =
    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME;

// A detached mount. btrfs would pass discards down and so undo the preallocation.
Result<os::UniqueFd> mount_device(const std::string& device) {
  auto filesystem = os::open_filesystem("btrfs");
  if (!filesystem) {
    return fail(Errc::kUnavailable, "the kernel has no btrfs: {}", os::message(filesystem.error()));
  }
  const int fd = filesystem->get();
  WARREN_TRY(
      os::context(os::configure_filesystem(fd, "source", device.c_str()), "naming {}", device));
  WARREN_TRY(os::context(os::configure_filesystem(fd, "nodiscard", nullptr), "setting nodiscard"));
  return os::context(os::create_mount(fd, kMountAttributes), "mounting {}", device);
}

// Whether `directory` already shows the file system on `device`.
bool shows(int directory, const std::string& device) {
  const auto btrfs = is_btrfs(directory);
  if (!btrfs || !*btrfs) return false;
  const auto known = device_of_volume(directory);
  return known && known->path == device;
}

Result<Bytes> read_number(const std::string& path) {
  const std::string text =
      WARREN_TRY(os::context(os::read_text(AT_FDCWD, path.c_str()), "reading {}", path));
  Bytes number;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (read.ec != std::errc()) return fail(Errc::kInternal, "{} holds no number", path);
  return number;
}

std::optional<DeviceNumber> number_of(const std::string& device) noexcept {
  struct stat status {};
  if (::stat(device.c_str(), &status) < 0) return std::nullopt;
  return DeviceNumber{gnu_dev_major(status.st_rdev), gnu_dev_minor(status.st_rdev)};
}

}  // namespace

std::string BtrfsPool::file_path(const std::string& state_directory) {
  return state_directory + "/pool.btrfs";
}

Result<std::unique_ptr<BtrfsPool>> BtrfsPool::open(const std::string& state_directory) {
  std::unique_ptr<BtrfsPool> pool(new BtrfsPool);
  pool->path_ = state_directory + "/sandboxes";
  const auto state =
      WARREN_TRY(os::context(os::open_at(AT_FDCWD, state_directory.c_str(), O_RDONLY | O_DIRECTORY),
                             "opening {}", state_directory));
  const bool on_btrfs =
      WARREN_TRY(os::context(is_btrfs(state.get()), "looking at {}", state_directory));
  if (on_btrfs) {
    pool->root_ = WARREN_TRY(open_private_directory(pool->path_));
  } else {
    WARREN_TRY(pool->open_in_file(file_path(state_directory)));
  }
  WARREN_TRY(pool->finish_open());
  return pool;
}

Result<> BtrfsPool::open_in_file(const std::string& path) {
  file_ = WARREN_TRY(open_pool_file(path));
  loop_ = WARREN_TRY(LoopDevice::attach(file_.get(), "pool.btrfs"));
  root_ = WARREN_TRY(open_private_directory(path_));
  if (!shows(root_.get(), loop_->path())) {
    const auto mount = WARREN_TRY(mount_device(loop_->path()));
    WARREN_TRY(os::context(os::attach_mount(mount.get(), root_.get(), ""), "attaching {}", path_));
    root_ = WARREN_TRY(open_private_directory(path_));
  }
  // An engine may have died between growing the file and telling the file system.
  WARREN_TRY(loop_->refresh_size());
  return os::context(resize_to_device(root_.get()), "resizing {}", path_);
}

Result<> BtrfsPool::finish_open() {
  layers_ = WARREN_TRY(open_layers(root_.get()));
  const std::string sysfs =
      WARREN_TRY(os::context(sysfs_directory(root_.get()), "identifying {}", path_));
  qgroups_ = sysfs + "/qgroups";
  quotas_ = active_quotas(sysfs);
  // On the operator's own file system quotas are the operator's decision: they cost every user.
  if (quotas_ == QuotaKind::kNone && loop_) {
    quotas_ = WARREN_TRY(os::context(enable_quotas(root_.get()), "enabling quotas on {}", path_));
  }
  // What else is on the operator's own file system is not ours to judge.
  if (quotas_ == QuotaKind::kFull && loop_) WARREN_TRY(gone_.find(root_.get(), qgroups_));
  const auto device =
      WARREN_TRY(os::context(device_of_volume(root_.get()), "finding the disk of {}", path_));
  device_ = number_of(device.path);
  ready_ = WARREN_TRY(ReadyLayers::start(root_.get(), kReadyLayers));
  return {};
}

Result<os::UniqueFd> BtrfsPool::open_layer(const NodeId& sandbox) const {
  const std::string name = sandbox.to_text();
  return os::context(os::open_at(layers_.get(), name.c_str(), O_RDONLY | O_DIRECTORY),
                     "opening the layer of {}", name);
}

Result<> BtrfsPool::create(const NodeId& sandbox, std::optional<Bytes> limit) {
  if (const auto missing = limits_missing(); missing && limit) {
    return fail(Errc::kFailedPrecondition, "{}", *missing);
  }
  WARREN_TRY(grow_for(std::min(limit.value_or(kStep), kMostHeadroom)));
  const std::string name = sandbox.to_text();
  const bool claimed = WARREN_TRY(
      os::context(ready_->claim(layers_.get(), name.c_str()), "making the layer of {}", name));
  if (!claimed) WARREN_TRY(make_layer_subvolume(layers_.get(), name.c_str()));
  if (!limit) return {};
  auto limited = set_limit(sandbox, limit);
  if (!limited) std::ignore = remove(sandbox);  // The first error counts.
  return limited;
}

Result<> BtrfsPool::remove(const NodeId& sandbox) {
  const std::string name = sandbox.to_text();
  std::optional<std::uint64_t> account;
  if (quotas_ == QuotaKind::kFull) {
    const auto layer = os::open_at(layers_.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
    const auto id = layer ? subvolume_id(layer->get()) : std::unexpected(layer.error());
    if (id) account = *id;
  }
  const auto destroyed = destroy_subvolume(layers_.get(), name.c_str());
  if (!destroyed && destroyed.error() != os::Errno{ENOENT}) {
    return os::context(destroyed, "removing the layer of {}", name);
  }
  if (account) gone_.remove(root_.get(), *account);
  return {};
}

Result<> BtrfsPool::set_limit(const NodeId& sandbox, std::optional<Bytes> limit) {
  if (const auto missing = limits_missing()) {
    return limit ? fail(Errc::kFailedPrecondition, "{}", *missing) : Result<>();
  }
  const os::UniqueFd layer = WARREN_TRY(open_layer(sandbox));
  return os::context(limit_subvolume(layer.get(), limit), "limiting the layer of {}",
                     sandbox.to_text());
}

Result<Bytes> BtrfsPool::usage(const NodeId& sandbox) const {
  if (const auto missing = limits_missing()) return fail(Errc::kFailedPrecondition, "{}", *missing);
  const os::UniqueFd layer = WARREN_TRY(open_layer(sandbox));
  const std::uint64_t id = WARREN_TRY(
      os::context(subvolume_id(layer.get()), "identifying the layer of {}", sandbox.to_text()));
  const std::string account = fmt::format("{}/0_{}/", qgroups_, id);
  const Bytes referenced = WARREN_TRY(read_number(account + "referenced"));
  const Bytes reserved = WARREN_TRY(read_number(account + "rsv_data"));
  return Bytes{referenced.value + reserved.value};
}

Result<> BtrfsPool::make_room() {
  return grow_for(kStep);
}

// Two things may run out: room for data, and unallocated space that either data or metadata can
// still claim. Both are kept ahead of need, because growing takes longer than a start may.
Result<> BtrfsPool::grow_for(Bytes wanted) {
  if (!loop_) return {};
  const std::scoped_lock lock(growing_);
  const auto device = WARREN_TRY(os::context(device_of_volume(root_.get()), "measuring {}", path_));
  struct statvfs status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstatvfs(root_.get(), &status); }), "measuring {}",
                         path_));
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  const bool room_left = (device.size.value - device.allocated.value) >= device.size.value / 4;
  if (room_left && free >= wanted.value) return {};

  const std::uint64_t missing = wanted.value > free ? wanted.value - free : kStep.value;
  const std::uint64_t steps = (missing + kStep.value - 1) / kStep.value;
  const Bytes added = WARREN_TRY(extend_pool_file(file_.get(), Bytes{steps * kStep.value}));
  if (added == Bytes{}) return {};  // The disk has nothing to spare: the pool stays as it is.
  WARREN_TRY(loop_->refresh_size());
  return os::context(resize_to_device(root_.get()), "resizing {}", path_);
}

Result<> BtrfsPool::close() {
  const bool in_use = !WARREN_TRY(list()).empty();
  ready_.reset();
  layers_.reset();
  root_.reset();
  const bool mounted_here = loop_.has_value();
  loop_.reset();
  file_.reset();
  if (in_use || !mounted_here) return {};
  return os::context(os::detach_mount(path_.c_str()), "unmounting {}", path_);
}

std::optional<std::string> BtrfsPool::limits_missing() const {
  if (quotas_ != QuotaKind::kNone) return std::nullopt;
  return fmt::format(
      "disk limits need quotas on {0}: try 'btrfs quota enable {0}', with --simple where kernel "
      "(Linux 6.7) and btrfs-progs know it",
      path_);
}

}  // namespace warren::rootfs
