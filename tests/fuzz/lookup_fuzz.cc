// SPDX-License-Identifier: Apache-2.0

#include "model/lookup.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lookups = warren::model::parse_lookup(text);
  warren::fuzz::require(!lookups || !lookups->empty());
  return 0;
}
