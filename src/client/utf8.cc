// SPDX-License-Identifier: Apache-2.0

#include "client/utf8.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace warren::client {
namespace {

// What may follow a first byte: the well-formed sequences of the Unicode standard, table 3-7. Every
// byte after the second is 0x80 to 0xBF.
struct Sequence {
  std::uint8_t first_low, first_high;
  std::uint8_t second_low, second_high;
  std::size_t length;
};

constexpr std::array<Sequence, 8> kSequences{{
    {0xC2, 0xDF, 0x80, 0xBF, 2},
    {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3},
    {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4},
    {0xF4, 0xF4, 0x80, 0x8F, 4},
}};

bool is_between(char c, std::uint8_t low, std::uint8_t high) noexcept {
  const auto byte = static_cast<std::uint8_t>(c);
  return byte >= low && byte <= high;
}

// The length of the character that `text` begins with, 0 when it begins with none.
std::size_t first_length(std::string_view text) noexcept {
  if (is_between(text.front(), 0, 0x7F)) return 1;
  const auto* const sequence = std::ranges::find_if(kSequences, [&](const Sequence& candidate) {
    return is_between(text.front(), candidate.first_low, candidate.first_high);
  });
  if (sequence == kSequences.end() || text.size() < sequence->length) return 0;
  if (!is_between(text[1], sequence->second_low, sequence->second_high)) return 0;
  const std::string_view rest = text.substr(2, sequence->length - 2);
  const bool is_whole = std::ranges::all_of(rest, [](char c) { return is_between(c, 0x80, 0xBF); });
  return is_whole ? sequence->length : 0;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = first_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace warren::client
