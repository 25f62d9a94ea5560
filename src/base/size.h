// SPDX-License-Identifier: Apache-2.0
//
// Amounts of memory, disk and output. One parser serves every face and configuration file.

#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace warren {

struct Bytes {
  std::uint64_t value = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

// What a number without a suffix counts.
enum class BareNumber : std::uint8_t { kBytes, kMebibytes };

// Reads "512", "64K", "10M", "1.5G", "2T", each optionally followed by "B" or "iB", in any case.
// Suffixes are binary; "512B" is bytes whatever a bare number counts; what is finer than a byte is
// cut off. Fails on a sign, an unknown suffix, a fraction of a number of bytes, and on more than
// 2^63 - 1 bytes.
[[nodiscard]] Result<Bytes> parse_size(std::string_view text, BareNumber bare = BareNumber::kBytes);

// The exact form with the largest unit that parse_size() reads back: "64M", "1000", "10G".
[[nodiscard]] std::string to_text(Bytes size);

}  // namespace warren
