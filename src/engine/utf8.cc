// SPDX-License-Identifier: Apache-2.0

#include "engine/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace warren::engine {
namespace {

// Characters that begin with a byte up to `last_lead`: how long they are, and what their second
// byte may be. So overlong forms, surrogates and what lies beyond U+10FFFF are out.
struct Form {
  std::uint8_t last_lead;
  std::size_t length;
  std::uint8_t low;
  std::uint8_t high;
};
constexpr std::array kForms{
    Form{0x7f, 1, 0, 0},       Form{0xc1, 0, 0, 0},       Form{0xdf, 2, 0x80, 0xbf},
    Form{0xe0, 3, 0xa0, 0xbf}, Form{0xec, 3, 0x80, 0xbf}, Form{0xed, 3, 0x80, 0x9f},
    Form{0xef, 3, 0x80, 0xbf}, Form{0xf0, 4, 0x90, 0xbf}, Form{0xf3, 4, 0x80, 0xbf},
    Form{0xf4, 4, 0x80, 0x8f}, Form{0xff, 0, 0, 0},
};

// The length of the character at the start of `text`, which is not empty; 0 when there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto* const form = std::ranges::find_if(
      kForms, [&](const Form& candidate) { return byte(0) <= candidate.last_lead; });
  if (form->length > text.size()) return 0;
  if (form->length < 2) return form->length;
  if (byte(1) < form->low || byte(1) > form->high) return 0;
  for (std::size_t i = 2; i < form->length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  return form->length;
}

}  // namespace

std::string to_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    out += length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace warren::engine
