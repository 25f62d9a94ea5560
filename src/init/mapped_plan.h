// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstddef>
#include <span>

namespace warren::init {

// A plan in memory for as long as its steps are performed.
class MappedPlan {
 public:
  explicit MappedPlan(int fd) noexcept {
    struct stat status {};
    if (::fstat(fd, &status) < 0 || status.st_size <= 0) return;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) return;
    bytes_ = {static_cast<const std::byte*>(memory), size};
  }
  ~MappedPlan() {
    if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
  MappedPlan(const MappedPlan&) = delete;
  MappedPlan& operator=(const MappedPlan&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace warren::init
