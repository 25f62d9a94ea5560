// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "tests/fuzz/require.h"
#include "wire/codec.h"

// The first byte says in how large pieces the rest arrives.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  warren::wire::Decoder decoder;
  while (!rest.empty()) {
    decoder.append(rest.substr(0, piece));
    rest.remove_prefix(std::min(piece, rest.size()));
    for (;;) {
      const auto frame = decoder.next();
      if (!frame) return 0;
      if (!*frame) break;
      const auto encoded = warren::wire::encode(**frame);
      warren::fuzz::require(encoded.has_value());
    }
  }
  return 0;
}
