// SPDX-License-Identifier: Apache-2.0
//
// Frames against bytes: a 32-bit little-endian length, then that many bytes of one Frame. Pure, and
// safe on any input: a decoder never holds more than one frame and what was last appended.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "warren/v1/frame.pb.h"

namespace warren::wire {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kLengthSize = 4;
inline constexpr std::size_t kLargestFrame = std::size_t{4} << 20;

// Fails with kResourceExhausted on a frame of more than kLargestFrame bytes.
[[nodiscard]] Result<std::string> encode(const v1::Frame& frame);

class Decoder {
 public:
  void append(std::string_view bytes) { buffer_.append(bytes); }

  // The next whole frame, or nothing when more bytes are needed. After an error the connection is
  // of no more use: there is no way to find the start of the next frame.
  [[nodiscard]] Result<std::optional<v1::Frame>> next();

  // Whether the bytes so far end inside a frame.
  [[nodiscard]] bool is_inside_frame() const noexcept { return consumed_ < buffer_.size(); }

 private:
  void discard_consumed();

  std::string buffer_;
  std::size_t consumed_ = 0;
};

}  // namespace warren::wire
