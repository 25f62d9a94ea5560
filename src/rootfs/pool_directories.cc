// SPDX-License-Identifier: Apache-2.0

#include "rootfs/pool_directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"

namespace warren::rootfs {
namespace {

constexpr mode_t kPrivate = 0700;

os::KernelResult<os::UniqueFd> open_or_make(int directory, const char* path) noexcept {
  const auto made = os::make_directory(directory, path, kPrivate);
  if (!made && made.error() != os::Errno{EEXIST}) return std::unexpected(made.error());
  return os::open_at(directory, path, O_RDONLY | O_DIRECTORY);
}

}  // namespace

Result<os::UniqueFd> open_private_directory(const std::string& path) {
  auto directory =
      WARREN_TRY(os::context(open_or_make(AT_FDCWD, path.c_str()), "opening {}", path));
  const auto closed = os::call([&] { return ::fchmod(directory.get(), kPrivate); });
  if (!closed) return fail(os::to_errc(closed.error()), "closing {} to others", path);
  return directory;
}

Result<os::UniqueFd> open_pool_directory(int root, const char* name) {
  return os::context(open_or_make(root, name), "opening {}", name);
}

Result<os::UniqueFd> open_layers(int root) {
  std::ignore = WARREN_TRY(open_pool_directory(root, "images"));
  return open_pool_directory(root, "layers");
}

os::KernelResult<> make_directory_exactly(int directory, const char* path, mode_t mode) noexcept {
  const auto made = os::make_directory(directory, path, mode);
  if (!made) return made;
  return os::call([&] { return ::fchmodat(directory, path, mode, 0); });
}

std::optional<DeviceNumber> device_of(int file) noexcept {
  struct stat status {};
  if (::fstat(file, &status) < 0) return std::nullopt;
  const DeviceNumber device{gnu_dev_major(status.st_dev), gnu_dev_minor(status.st_dev)};
  if (device.major == 0) return std::nullopt;  // Anonymous: tmpfs, overlayfs, btrfs.
  return device;
}

}  // namespace warren::rootfs
