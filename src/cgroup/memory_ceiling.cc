// SPDX-License-Identifier: Apache-2.0

#include "cgroup/memory_ceiling.h"

#include <algorithm>

#include "cgroup/group_name.h"
#include "cgroup/text.h"

namespace warren::cgroup {
namespace {

constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint64_t>::max();

// "max" and a file that is not there bound nothing.
Result<std::uint64_t> read_bound(const GroupDirectory& group, const char* file) {
  const auto text = group.read(file);
  if (!text && text.error().code != Errc::kNotFound) return std::unexpected(text.error());
  return text ? parse_number(*text).value_or(kUnbounded) : kUnbounded;
}

std::optional<Bytes> to_bound(std::uint64_t value) {
  if (value == kUnbounded) return std::nullopt;
  return Bytes{value};
}

}  // namespace

Result<MemoryCeiling> MemoryCeiling::open(const Branch& branch, Version version) {
  constexpr Files kUnified{
      .memory = "memory.max", .swap = "memory.swap.max", .swap_includes_memory = false};
  constexpr Files kLegacy{.memory = "memory.limit_in_bytes",
                          .swap = "memory.memsw.limit_in_bytes",
                          .swap_includes_memory = true};
  MemoryCeiling ceiling(version == Version::kUnified ? kUnified : kLegacy);
  std::string path = branch.parent().path();
  while (!path.empty()) {
    const auto group = WARREN_TRY(GroupDirectory::open(path));
    if (!group.has("cgroup.procs")) break;  // Above the root of the hierarchy.
    WARREN_TRY(ceiling.lower(ceiling.around_, group));
    path.erase(path.find_last_of('/'));
  }
  return ceiling;
}

Result<MemoryBounds> MemoryCeiling::of(const Branch& branch, const GroupName& name) const {
  Least least = around_;
  for (const std::string_view ancestor : ancestors_of(name)) {
    const auto group = WARREN_TRY(branch.group(ancestor));
    WARREN_TRY(lower(least, group));
  }
  const auto own = WARREN_TRY(branch.group(name));
  WARREN_TRY(lower(least, own));
  if (files_.swap_includes_memory && least.swap != kUnbounded) {
    least.swap -= std::min(least.swap, least.memory);
  }
  return MemoryBounds{.memory = to_bound(least.memory), .swap = to_bound(least.swap)};
}

Result<> MemoryCeiling::lower(Least& least, const GroupDirectory& group) const {
  least.memory = std::min(least.memory, WARREN_TRY(read_bound(group, files_.memory)));
  least.swap = std::min(least.swap, WARREN_TRY(read_bound(group, files_.swap)));
  return {};
}

}  // namespace warren::cgroup
