// SPDX-License-Identifier: Apache-2.0

#include "base/node_id.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/quote.h"

namespace warren {
namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr std::string_view kHexDigits = "0123456789abcdef";

// Where the hyphens of 8-4-4-4-12 stand.
constexpr bool is_hyphen(std::size_t position) noexcept {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

std::optional<std::uint8_t> nibble(char c) noexcept {
  const std::size_t value = kHexDigits.find(c);
  if (value == std::string_view::npos) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

std::optional<std::array<std::uint8_t, 16>> decode(std::string_view text) noexcept {
  if (text.size() != NodeId::kTextLength) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  std::size_t nibbles = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_hyphen(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const std::optional<std::uint8_t> value = nibble(text[i]);
    if (!value) return std::nullopt;
    std::uint8_t& byte = bytes[nibbles++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | *value);
  }
  return bytes;
}

}  // namespace

NodeId NodeId::make(Timestamp now, std::array<std::uint8_t, 10> random) noexcept {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch();
  const auto milliseconds = static_cast<std::uint64_t>(since_epoch.count());
  NodeId id;
  for (std::size_t i = 0; i < kTimeBytes; ++i) {
    id.bytes_[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (kTimeBytes - 1 - i)));
  }
  std::ranges::copy(random, id.bytes_.begin() + kTimeBytes);
  id.bytes_[6] = static_cast<std::uint8_t>(0x70 | (id.bytes_[6] & 0x0f));  // Version 7.
  id.bytes_[8] = static_cast<std::uint8_t>(0x80 | (id.bytes_[8] & 0x3f));  // RFC 9562's variant.
  return id;
}

Result<NodeId> NodeId::parse(std::string_view text) {
  const auto bytes = decode(text);
  if (!bytes) return fail(Errc::kInvalidArgument, "{} is not a lower-case UUID", quote(text));
  return from_bytes(*bytes);
}

NodeId NodeId::from_bytes(std::array<std::uint8_t, 16> bytes) noexcept {
  NodeId id;
  id.bytes_ = bytes;
  return id;
}

std::string NodeId::to_text() const {
  std::string text;
  text.reserve(kTextLength);
  for (const std::uint8_t byte : bytes_) {
    if (is_hyphen(text.size())) text.push_back('-');
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 0x0f]);
  }
  return text;
}

}  // namespace warren

std::size_t std::hash<warren::NodeId>::operator()(const warren::NodeId& id) const noexcept {
  // The second half is random: it spreads well by itself. The first tells made-up ids apart.
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::memcpy(&first, id.bytes().data(), sizeof first);
  std::memcpy(&second, id.bytes().data() + sizeof first, sizeof second);
  return static_cast<std::size_t>(first * 0x9e3779b97f4a7c15 ^ second);
}
