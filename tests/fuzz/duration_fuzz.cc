// SPDX-License-Identifier: Apache-2.0

#include "base/duration.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = warren::parse_duration(text);
  if (!parsed) return 0;
  warren::fuzz::require(parsed->count() >= 0);
  warren::fuzz::require(warren::parse_duration(warren::to_text(*parsed)) == *parsed);
  return 0;
}
