// SPDX-License-Identifier: Apache-2.0

#include "os/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <tuple>

#include "base/result.h"
#include "os/call.h"
#include "os/file.h"

namespace warren::os {
namespace {

constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

}  // namespace

KernelResult<UniqueFd> make_sealed_file(const char* name,
                                        std::span<const std::byte> bytes) noexcept {
  UniqueFd file = WARREN_TRY(
      call_for_fd([&] { return ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }));
  WARREN_TRY(write_all(file.get(), bytes));
  WARREN_TRY(call([&] { return ::fcntl(file.get(), F_ADD_SEALS, kSeals); }));
  return file;
}

KernelResult<SealedFile> SealedFile::map(const UniqueFd& file) noexcept {
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals) return std::unexpected(Errno{EINVAL});
  struct stat status {};
  WARREN_TRY(call([&] { return ::fstat(file.get(), &status); }));
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) return SealedFile({});
  void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (bytes == MAP_FAILED) return std::unexpected(Errno{errno});
  return SealedFile({static_cast<const std::byte*>(bytes), size});
}

SealedFile::~SealedFile() {
  if (bytes_.empty()) return;
  std::ignore = ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace warren::os
