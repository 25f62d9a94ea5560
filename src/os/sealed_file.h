// SPDX-License-Identifier: Apache-2.0
//
// Files in memory whose content nobody can change any more: memfd_create(2) with all its seals.

#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

// A file with these bytes; `name` is for people.
[[nodiscard]] KernelResult<UniqueFd> make_sealed_file(const char* name,
                                                      std::span<const std::byte> bytes) noexcept;

// The content of a sealed file, in memory for as long as this object lives, without a copy.
class SealedFile {
 public:
  // EINVAL where the file is not sealed: whoever else has it could take bytes away.
  [[nodiscard]] static KernelResult<SealedFile> map(const UniqueFd& file) noexcept;

  ~SealedFile();
  SealedFile(SealedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SealedFile& operator=(SealedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit SealedFile(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace warren::os
