// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/wire_fields.h"

#include <cstddef>

namespace warren::gateway {
namespace {

enum WireType : std::uint32_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

constexpr std::uint64_t kLargestTag = 0xffff'ffff;

std::optional<std::uint64_t> take_varint(std::string_view& rest) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80U) return value;
  }
  return std::nullopt;
}

bool skip(std::string_view& rest, std::size_t count) noexcept {
  if (rest.size() < count) return false;
  rest.remove_prefix(count);
  return true;
}

bool take_bytes(std::string_view& rest, WireField& field) noexcept {
  const std::optional<std::uint64_t> length = take_varint(rest);
  if (!length || *length > rest.size()) return false;
  field.has_bytes = true;
  field.bytes = rest.substr(0, *length);
  rest.remove_prefix(*length);
  return true;
}

bool take_value(std::string_view& rest, std::uint32_t wire_type, WireField& field) noexcept {
  switch (wire_type) {
    case kVarint: {
      const std::optional<std::uint64_t> value = take_varint(rest);
      field.value = value.value_or(0);
      return value.has_value();
    }
    case kFixed64:
      return skip(rest, 8);
    case kLength:
      return take_bytes(rest, field);
    case kFixed32:
      return skip(rest, 4);
    default:
      return false;  // Groups, which no version of these messages has had.
  }
}

}  // namespace

std::optional<WireField> WireFields::next() noexcept {
  std::string_view rest = rest_;
  const std::optional<std::uint64_t> tag = take_varint(rest);
  if (!tag || *tag > kLargestTag) return std::nullopt;
  WireField field;
  field.number = static_cast<std::uint32_t>(*tag >> 3U);
  if (field.number == 0 || !take_value(rest, *tag & 7U, field)) return std::nullopt;
  field.whole = rest_.substr(0, rest_.size() - rest.size());
  rest_ = rest;
  return field;
}

}  // namespace warren::gateway
