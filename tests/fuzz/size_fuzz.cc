// SPDX-License-Identifier: Apache-2.0

#include "base/size.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto bare : {warren::BareNumber::kBytes, warren::BareNumber::kMebibytes}) {
    const auto parsed = warren::parse_size(text, bare);
    if (!parsed) continue;
    // What is written is read back as the same, whatever a bare number counts.
    warren::fuzz::require(warren::parse_size(warren::to_text(*parsed)) == *parsed);
  }
  return 0;
}
