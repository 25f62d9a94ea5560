// SPDX-License-Identifier: Apache-2.0

#include "base/quote.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace warren {

std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) {
    if (c >= 0x20 && c < 0x7f) {
      out.push_back(c);
    } else {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (text.size() > kShown) out += "...";
  out.push_back('\'');
  return out;
}

std::string without_controls(std::string_view text, char instead) {
  constexpr char kLead = '\xc2';  // Of U+0080 to U+00BF, and of no other character.
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 && byte <= 0x9f && out.ends_with(kLead)) {
      out.back() = instead;
    } else {
      out.push_back(byte < 0x20 || byte == 0x7f ? instead : c);
    }
  }
  return out;
}

}  // namespace warren
