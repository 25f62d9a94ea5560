// SPDX-License-Identifier: Apache-2.0

#include "base/failpoint.h"

#ifdef WARREN_FAILPOINTS

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>

namespace warren {
namespace {

struct Armed {
  std::string_view name;
  std::uint32_t hit = 1;
};

Armed read_environment() noexcept {
  const char* text = std::getenv("WARREN_FAILPOINT");
  if (text == nullptr) return {};
  const std::string_view whole(text);
  const std::size_t colon = whole.find(':');
  if (colon == std::string_view::npos) return {.name = whole};
  Armed armed{.name = whole.substr(0, colon)};
  std::from_chars(whole.data() + colon + 1, whole.data() + whole.size(), armed.hit);
  return armed;
}

}  // namespace

void failpoint(std::string_view name) noexcept {
  static const Armed kArmed = read_environment();
  static std::atomic<std::uint32_t> hits{0};
  if (name != kArmed.name) return;
  if (++hits == kArmed.hit) ::kill(::getpid(), SIGKILL);
}

}  // namespace warren

#endif
