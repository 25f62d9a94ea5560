// SPDX-License-Identifier: Apache-2.0

#include "model/spec.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = warren::model::parse_assignment(text);
  if (!parsed) return 0;
  const auto& [name, value] = *parsed;
  warren::fuzz::require(!name.empty() && name.find('=') == std::string::npos);
  warren::fuzz::require(name + "=" + value == text);
  return 0;
}
