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

}  // namespace warren
