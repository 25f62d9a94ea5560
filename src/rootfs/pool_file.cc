// SPDX-License-Identifier: Apache-2.0

#include "rootfs/pool_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "rootfs/program.h"

namespace warren::rootfs {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr std::uint64_t kFirstSize = 1024 * kMebibyte;
constexpr std::uint64_t kSmallestSize = 256 * kMebibyte;
constexpr std::uint64_t kSmallestStep = 64 * kMebibyte;
constexpr std::uint64_t kReserve = 1024 * kMebibyte;

os::KernelResult<std::uint64_t> free_bytes(int file) noexcept {
  struct statvfs status {};
  const auto known = os::call([&] { return ::fstatvfs(file, &status); });
  if (!known) return std::unexpected(known.error());
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

os::KernelResult<> allocate(int file, std::uint64_t offset, std::uint64_t length) noexcept {
  return os::call(
      [&] { return ::fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(length)); });
}

// What statvfs(3) cannot know ahead: quotas, reserves and file systems that cannot preallocate.
bool is_out_of_room(os::Errno error) noexcept {
  return error == os::Errno{ENOSPC} || error == os::Errno{EDQUOT} || error == os::Errno{EOPNOTSUPP};
}

Result<> format(const std::string& path) {
  // One copy of everything: the disk below is as safe as it is. A checksum of its own per block is
  // part of btrfs; discarding would punch holes into what was just allocated.
  return run_program("mkfs.btrfs", {"--quiet", "--force", "--nodiscard", "--data", "single",
                                    "--metadata", "single", path});
}

Result<> make_pool_file(const std::string& path) {
  auto file = WARREN_TRY(os::context(
      os::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600), "making {}", path));
  const std::uint64_t free = WARREN_TRY(os::context(free_bytes(file.get()), "measuring {}", path));
  const std::uint64_t size =
      std::clamp(free / 10, kSmallestSize, kFirstSize) / kMebibyte * kMebibyte;
  if (size > free / 2) {
    return fail(Errc::kResourceExhausted, "{} needs {} and the disk has only {} left", path,
                to_text(Bytes{size}), to_text(Bytes{free}));
  }
  const auto allocated = allocate(file.get(), 0, size);
  if (!allocated) {
    return fail(Errc::kUnavailable, "allocating {}: {}", path, os::message(allocated.error()));
  }
  return format(path);
}

}  // namespace

Result<os::UniqueFd> open_pool_file(const std::string& path) {
  auto existing = os::open_at(AT_FDCWD, path.c_str(), O_RDWR);
  if (existing) return *std::move(existing);
  if (existing.error() != os::Errno{ENOENT}) {
    return os::context(std::move(existing), "opening {}", path);
  }
  const std::string unfinished = path + ".new";
  if (auto made = make_pool_file(unfinished); !made) {
    ::unlink(unfinished.c_str());
    return std::unexpected(std::move(made).error());
  }
  const auto named = os::call([&] { return ::rename(unfinished.c_str(), path.c_str()); });
  if (!named) return fail(os::to_errc(named.error()), "naming {}", path);
  return os::context(os::open_at(AT_FDCWD, path.c_str(), O_RDWR), "opening {}", path);
}

Result<Bytes> extend_pool_file(int file, Bytes wanted) {
  const std::uint64_t free = WARREN_TRY(os::context(free_bytes(file), "measuring the disk"));
  const std::uint64_t step = std::min(wanted.value, free / 4) / kMebibyte * kMebibyte;
  if (step < kSmallestStep || free - step < kReserve) return Bytes{};
  struct stat status {};
  WARREN_TRY(os::context(os::call([&] { return ::fstat(file, &status); }), "measuring the pool"));
  const auto allocated = allocate(file, static_cast<std::uint64_t>(status.st_size), step);
  if (!allocated && is_out_of_room(allocated.error())) return Bytes{};
  WARREN_TRY(os::context(allocated, "allocating {} for the pool", to_text(Bytes{step})));
  return Bytes{step};
}

}  // namespace warren::rootfs
