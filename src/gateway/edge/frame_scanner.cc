// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/frame_scanner.h"

#include <algorithm>
#include <utility>

namespace warren::gateway {
namespace {

// Big-endian, as everything in HTTP/2.
std::uint32_t number_in(std::span<const std::byte> bytes) noexcept {
  std::uint32_t number = 0;
  for (const std::byte byte : bytes) number = number << 8 | std::to_integer<std::uint32_t>(byte);
  return number;
}

FrameHead parse(std::span<const std::byte, kFrameHeadSize> head) noexcept {
  constexpr std::uint32_t kStreamMask = 0x7fffffff;  // The highest bit is reserved.
  return {.length = number_in(head.subspan<0, 3>()),
          .kind = FrameKind{std::to_integer<std::uint8_t>(head[3])},
          .flags = std::to_integer<std::uint8_t>(head[4]),
          .stream = number_in(head.subspan<5, 4>()) & kStreamMask};
}

}  // namespace

std::optional<FrameHead> FrameScanner::next(std::span<const std::byte>& bytes) noexcept {
  bytes = bytes.subspan(skip_payload(bytes.size()));
  const std::size_t taken = std::min(kFrameHeadSize - head_size_, bytes.size());
  std::ranges::copy(bytes.first(taken), head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
  head_size_ += taken;
  bytes = bytes.subspan(taken);
  if (head_size_ < kFrameHeadSize) return std::nullopt;
  head_size_ = 0;
  const FrameHead head = parse(head_);
  payload_left_ = head.length;
  return head;
}

std::size_t FrameScanner::skip_payload(std::size_t bytes) noexcept {
  const std::size_t skipped = std::min<std::size_t>(payload_left_, bytes);
  payload_left_ -= static_cast<std::uint32_t>(skipped);
  return skipped;
}

}  // namespace warren::gateway
