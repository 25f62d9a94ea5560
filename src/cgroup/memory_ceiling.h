// SPDX-License-Identifier: Apache-2.0
//
// What the limits of a group and of all groups around it leave of memory and swap.

#pragma once

#include <cstdint>
#include <limits>

#include "cgroup/branch.h"
#include "cgroup/cgroup.h"

namespace warren::cgroup {

class MemoryCeiling {
 public:
  enum class Version : std::uint8_t { kUnified, kLegacy };

  // Reads, once, what bounds the engine itself: the groups from its parent to the root of the
  // hierarchy.
  [[nodiscard]] static Result<MemoryCeiling> open(const Branch& branch, Version version);

  // Of a group of the same branch.
  [[nodiscard]] Result<MemoryBounds> of(const Branch& branch, const GroupName& name) const;

 private:
  struct Files {
    const char* memory;
    const char* swap;
    bool swap_includes_memory;
  };
  struct Least {
    std::uint64_t memory = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t swap = std::numeric_limits<std::uint64_t>::max();
  };

  explicit MemoryCeiling(const Files& files) : files_(files) {}

  [[nodiscard]] Result<> lower(Least& least, const GroupDirectory& group) const;

  Files files_;
  Least around_;
};

}  // namespace warren::cgroup
