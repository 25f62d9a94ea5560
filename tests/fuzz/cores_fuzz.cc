// SPDX-License-Identifier: Apache-2.0

#include "model/limits.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::uint32_t kAvailable = 100;
  const auto parsed = warren::model::parse_cores(text, kAvailable);
  if (!parsed) return 0;
  for (const std::uint32_t core : parsed->cores) warren::fuzz::require(core < kAvailable);
  const auto again = warren::model::parse_cores(warren::model::to_text(*parsed), kAvailable);
  warren::fuzz::require(again == *parsed);
  return 0;
}
