// SPDX-License-Identifier: Apache-2.0
//
// The heads of HTTP/2's frames in a stream of bytes (RFC 9113, section 4.1), in whatever pieces it
// comes. Payloads are passed over unread. Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace warren::gateway {

// RFC 9113, section 6. Any other value is a kind that nobody has to know.
enum class FrameKind : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kResetStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

// Flags, of the kinds that have them.
inline constexpr std::uint8_t kAck = 0x1;         // SETTINGS, PING
inline constexpr std::uint8_t kEndStream = 0x1;   // DATA, HEADERS
inline constexpr std::uint8_t kEndHeaders = 0x4;  // HEADERS, CONTINUATION

inline constexpr std::size_t kFrameHeadSize = 9;

struct FrameHead {
  std::uint32_t length = 0;  // Of the payload.
  FrameKind kind = FrameKind::kData;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;

  [[nodiscard]] bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }
  friend bool operator==(const FrameHead&, const FrameHead&) = default;
};

class FrameScanner {
 public:
  // The next head that ends within `bytes`, which then begin behind it; nothing once all of them
  // are taken.
  [[nodiscard]] std::optional<FrameHead> next(std::span<const std::byte>& bytes) noexcept;

  // Takes what is left of a payload, of so many bytes; says how many that are.
  [[nodiscard]] std::size_t skip_payload(std::size_t bytes) noexcept;

  // Whether what was taken ends with a whole frame.
  [[nodiscard]] bool is_between_frames() const noexcept {
    return payload_left_ == 0 && head_size_ == 0;
  }

 private:
  std::uint32_t payload_left_ = 0;
  std::size_t head_size_ = 0;  // How much of `head_` is there.
  std::array<std::byte, kFrameHeadSize> head_{};
};

}  // namespace warren::gateway
