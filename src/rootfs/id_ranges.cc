// SPDX-License-Identifier: Apache-2.0

#include "rootfs/id_ranges.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace warren::rootfs {
namespace {

static_assert(std::uint64_t{IdRange::kFirstBase} +
                  std::uint64_t{IdRange::kCount} * IdRange::kSize <=
              0xFFFF'FFFF);

std::uint32_t index_of(IdRange range) noexcept {
  return (range.base - IdRange::kFirstBase) / IdRange::kSize;
}

bool is_valid(IdRange range) noexcept {
  return range.base >= IdRange::kFirstBase && index_of(range) < IdRange::kCount &&
         (range.base - IdRange::kFirstBase) % IdRange::kSize == 0;
}

}  // namespace

std::string to_text(IdRange range) {
  return std::to_string(range.base);
}

Result<IdRange> parse_id_range(std::string_view text) {
  IdRange range;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, range.base);
  // The comparison refuses leading zeros, which from_chars() takes.
  if (read.ec != std::errc() || read.ptr != end || !is_valid(range) || to_text(range) != text) {
    return fail(Errc::kInvalidArgument, "'{}' is no range of ids", text);
  }
  return range;
}

Result<IdRange> IdRanges::take() {
  while (lowest_free_ < IdRange::kCount && taken_[lowest_free_]) ++lowest_free_;
  if (lowest_free_ == IdRange::kCount) {
    return fail(Errc::kResourceExhausted, "all {} ranges of user ids are in use",
                std::uint32_t{IdRange::kCount});
  }
  taken_.set(lowest_free_);
  return IdRange{IdRange::kFirstBase + lowest_free_++ * IdRange::kSize};
}

Result<> IdRanges::take(IdRange range) {
  if (!is_valid(range)) {
    return fail(Errc::kInvalidArgument, "{} starts no range of user ids", range.base);
  }
  if (taken_[index_of(range)]) {
    return fail(Errc::kAlreadyExists, "the range of user ids at {} is in use", range.base);
  }
  taken_.set(index_of(range));
  return {};
}

void IdRanges::release(IdRange range) noexcept {
  if (!is_valid(range)) return;
  taken_.reset(index_of(range));
  lowest_free_ = std::min(lowest_free_, index_of(range));
}

bool IdRanges::is_taken(IdRange range) const noexcept {
  return is_valid(range) && taken_[index_of(range)];
}

}  // namespace warren::rootfs
