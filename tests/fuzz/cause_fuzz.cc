// SPDX-License-Identifier: Apache-2.0

#include "model/cause.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = warren::model::parse_cause(text);
  if (!parsed) return 0;
  warren::fuzz::require(warren::model::parse_cause(warren::model::to_text(*parsed)) == *parsed);
  const auto status = warren::model::exit_status(*parsed, warren::model::kNeverRan);
  warren::fuzz::require(status >= 0 && status <= 255);
  return 0;
}
