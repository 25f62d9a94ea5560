// SPDX-License-Identifier: Apache-2.0

#include "face/joblet_uuid.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/node_id.h"

namespace warren::face::joblet {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kVersionByte = 6;  // In its upper half.
constexpr std::size_t kShortestStart = 8;
constexpr std::string_view kAnyUuid = "00000000-0000-4000-8000-000000000000";

enum Version : std::uint8_t { kOfUuids = 4, kOfIds = 7 };

// Its own inverse, but for the version.
std::string exchanged(Bytes16 bytes, Version version) {
  std::swap_ranges(bytes.begin(), bytes.begin() + kTimeBytes, bytes.end() - kTimeBytes);
  std::uint8_t& byte = bytes[kVersionByte];
  byte = static_cast<std::uint8_t>(version << 4U | (byte & 0x0fU));
  return NodeId::from_bytes(bytes).to_text();
}

}  // namespace

std::string uuid_of(std::string_view id) {
  return exchanged(NodeId::parse(id).value_or(NodeId()).bytes(), kOfUuids);
}

std::optional<std::string> id_of(std::string_view uuid) {
  const auto parsed = NodeId::parse(uuid);
  if (!parsed || parsed->bytes()[kVersionByte] >> 4U != kOfUuids) return std::nullopt;
  return exchanged(parsed->bytes(), kOfIds);
}

bool is_uuid_start(std::string_view text) {
  if (text.size() < kShortestStart || text.size() > kAnyUuid.size()) return false;
  return NodeId::parse(std::string(text).append(kAnyUuid.substr(text.size()))).has_value();
}

}  // namespace warren::face::joblet
