// SPDX-License-Identifier: Apache-2.0
//
// The fields of a protobuf message one after another, where they lie. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace warren::gateway {

struct WireField {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // Of a varint.
  std::string_view bytes;   // Of strings, bytes and messages.
  std::string_view whole;   // With its tag, as it came.
  bool has_bytes = false;   // Otherwise it is a varint, or one of fixed length without a value.
};

class WireFields {
 public:
  explicit WireFields(std::string_view message) : rest_(message) {}

  // The next field; nothing at the end, and where what follows is none.
  [[nodiscard]] std::optional<WireField> next() noexcept;

  // Whether all of the message were fields, once next() has given nothing.
  [[nodiscard]] bool is_at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace warren::gateway
