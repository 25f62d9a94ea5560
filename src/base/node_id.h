// SPDX-License-Identifier: Apache-2.0
//
// Identities of nodes of the tree: UUID version 7 (RFC 9562), so that ids sort by time of creation.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/duration.h"
#include "base/result.h"

namespace warren {

class NodeId {
 public:
  static constexpr std::size_t kTextLength = 36;

  NodeId() noexcept = default;  // The nil UUID, which no node has.

  // 48 bits of milliseconds from `now`, the rest from `random`.
  [[nodiscard]] static NodeId make(Timestamp now, std::array<std::uint8_t, 10> random) noexcept;

  // Accepts exactly the lower-case form with hyphens that to_text() writes.
  [[nodiscard]] static Result<NodeId> parse(std::string_view text);

  [[nodiscard]] static NodeId from_bytes(std::array<std::uint8_t, 16> bytes) noexcept;
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] bool is_nil() const noexcept { return *this == NodeId(); }

  friend auto operator<=>(const NodeId&, const NodeId&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace warren

template <>
struct std::hash<warren::NodeId> {
  std::size_t operator()(const warren::NodeId& id) const noexcept;
};
