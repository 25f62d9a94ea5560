// SPDX-License-Identifier: Apache-2.0

#include "rootfs/loop_device.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/text_file.h"
#include "rootfs/directory_entries.h"

namespace warren::rootfs {
namespace {

// Not 512: direct I/O must suit disks with sectors of 4 KiB, and btrfs writes no less anyway.
constexpr std::uint32_t kBlockSize = 4096;
// Others take free devices too, so the one that was just offered may be gone.
constexpr int kAttempts = 32;

os::KernelResult<bool> stands_before(int device, int file) noexcept {
  struct stat status {};
  const auto known = os::call([&] { return ::fstat(file, &status); });
  if (!known) return std::unexpected(known.error());
  loop_info64 info{};
  const auto asked = os::call([&] { return ::ioctl(device, LOOP_GET_STATUS64, &info); });
  if (!asked) return false;  // ENXIO: it has been detached meanwhile.
  return info.lo_device == status.st_dev && info.lo_inode == status.st_ino;
}

os::KernelResult<> configure(int device, int file) noexcept {
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file);
  config.block_size = kBlockSize;
  config.info.lo_flags = LO_FLAGS_DIRECT_IO | LO_FLAGS_AUTOCLEAR;
  return os::call([&] { return ::ioctl(device, LOOP_CONFIGURE, &config); });
}

os::KernelResult<int> free_device(int control) noexcept {
  return os::call_for<int>([&] { return ::ioctl(control, LOOP_CTL_GET_FREE); });
}

}  // namespace

Result<std::optional<LoopDevice>> LoopDevice::find(int file, const std::string& file_name) {
  const auto disks = WARREN_TRY(os::context(entry_names(AT_FDCWD, "/sys/block"), "listing disks"));
  for (const std::string& disk : disks) {
    if (!disk.starts_with("loop")) continue;
    const std::string backing = "/sys/block/" + disk + "/loop/backing_file";
    const auto backing_file = os::read_text(AT_FDCWD, backing.c_str());
    if (!backing_file || !backing_file->contains(file_name)) continue;
    const std::string path = "/dev/" + disk;
    auto device = os::open_at(AT_FDCWD, path.c_str(), O_RDWR);
    if (!device) continue;
    const bool same =
        WARREN_TRY(os::context(stands_before(device->get(), file), "looking at {}", path));
    if (same) return LoopDevice(*std::move(device), path);
  }
  return std::nullopt;
}

Result<LoopDevice> LoopDevice::attach(int file, const std::string& file_name) {
  if (auto found = WARREN_TRY(find(file, file_name))) return *std::move(found);
  const auto control = os::open_at(AT_FDCWD, "/dev/loop-control", O_RDWR);
  if (!control) {
    return fail(Errc::kUnavailable, "no loop devices: /dev/loop-control: {}",
                os::message(control.error()));
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int number =
        WARREN_TRY(os::context(free_device(control->get()), "finding a free loop device"));
    const std::string path = fmt::format("/dev/loop{}", number);
    auto device = os::open_at(AT_FDCWD, path.c_str(), O_RDWR);
    if (!device) {
      return fail(Errc::kUnavailable, "no loop devices: {}: {}", path, os::message(device.error()));
    }
    const auto configured = configure(device->get(), file);
    if (configured) return LoopDevice(*std::move(device), path);
    if (configured.error() != os::Errno{EBUSY}) {
      return fail(os::to_errc(configured.error()), "attaching {} to {}: {}", path, file_name,
                  os::message(configured.error()));
    }
  }
  return fail(Errc::kUnavailable, "no loop device stayed free long enough to take it");
}

Result<> LoopDevice::refresh_size() {
  return os::context(os::call([&] { return ::ioctl(fd_.get(), LOOP_SET_CAPACITY); }),
                     "telling {} its new size", path_);
}

std::optional<DeviceNumber> LoopDevice::number() const noexcept {
  struct stat status {};
  if (::fstat(fd_.get(), &status) < 0) return std::nullopt;
  return DeviceNumber{gnu_dev_major(status.st_rdev), gnu_dev_minor(status.st_rdev)};
}

}  // namespace warren::rootfs
