// SPDX-License-Identifier: Apache-2.0

#include "store/spec_codec.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto spec = warren::store::decode_spec(text);
  if (!spec) return 0;
  const auto encoded = warren::store::encode(*spec);
  warren::fuzz::require(encoded && warren::store::decode_spec(*encoded) == *spec);
  return 0;
}
