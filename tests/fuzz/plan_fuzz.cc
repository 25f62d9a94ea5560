// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstring>
#include <vector>

#include "plan/format.h"
#include "plan/launch_plan.h"
#include "tests/fuzz/require.h"

namespace {

// Reads as warren-init does: in place, every text and every byte of data.
void walk(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> words((bytes.size() + 7) / 8);
  std::ranges::copy(bytes, std::as_writable_bytes(std::span(words)).begin());
  warren::plan::Reader reader(std::as_bytes(std::span(words)).first(bytes.size()));
  const warren::plan::StepHead* head = nullptr;
  std::size_t sum = 0;
  while (reader.is_valid() && reader.read(head)) {
    const warren::plan::StepView step(head);
    for (const std::byte byte : step.data()) sum += std::to_integer<std::size_t>(byte);
    const char* text = step.text();
    for (std::size_t index = 0; index < step.strings(); ++index) {
      sum += std::strlen(text);
      text = warren::plan::StepView::next(text);
    }
  }
  [[maybe_unused]] volatile std::size_t sink = sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  walk(bytes);
  const auto plan = warren::plan::decode(bytes);
  if (!plan) return 0;
  std::ignore = warren::plan::to_text(*plan);
  const auto encoded = warren::plan::encode(*plan);
  // Padding and unused fields make a foreign plan longer or shorter, never different.
  warren::fuzz::require(encoded && warren::plan::decode(*encoded) == *plan);
  return 0;
}
