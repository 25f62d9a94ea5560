// SPDX-License-Identifier: Apache-2.0

#include "model/spec.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = warren::model::parse_user(text);
  if (!parsed) return 0;
  const auto& [user, group] = *parsed;
  warren::fuzz::require(!user.empty());
  // Nothing is dropped, added or read as something else.
  warren::fuzz::require((group.empty() ? user : user + ":" + group) == text);
  return 0;
}
