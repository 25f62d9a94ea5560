// SPDX-License-Identifier: Apache-2.0
//
// Ranges of host user and group ids, one for each sandbox: 0 to 65,535 inside is the range outside.
// Pure bookkeeping; user_namespace.h makes the kernel's side of it.

#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren::rootfs {

struct IdRange {
  static constexpr std::uint32_t kSize = 65'536;
  static constexpr std::uint32_t kFirstBase = 0x1000'0000;
  static constexpr std::uint32_t kCount = 28'000;

  std::uint32_t base = 0;  // The host's id of the sandbox's root.
  friend auto operator<=>(IdRange, IdRange) = default;
};

[[nodiscard]] std::string to_text(IdRange range);  // "268435456"
// Accepts only what to_text() writes for one of the kCount ranges.
[[nodiscard]] Result<IdRange> parse_id_range(std::string_view text);

// Which ranges are taken. Not thread-safe.
class IdRanges {
 public:
  // The lowest range that is free, so that what is cached for a range is used again soon.
  [[nodiscard]] Result<IdRange> take();
  // Takes this very range, as a sandbox that an earlier engine made holds it.
  [[nodiscard]] Result<> take(IdRange range);
  void release(IdRange range) noexcept;
  [[nodiscard]] bool is_taken(IdRange range) const noexcept;

 private:
  std::bitset<IdRange::kCount> taken_;
  std::uint32_t lowest_free_ = 0;  // No range below this index is free.
};

}  // namespace warren::rootfs
