// SPDX-License-Identifier: Apache-2.0
//
// How a node is named by people: which of its properties a typed text may mean, and in which order
// they are tried. Who answers to one of them is the caller's business. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/node_id.h"
#include "base/result.h"

namespace warren::model {

struct BySeq {
  std::uint64_t seq;
  friend bool operator==(const BySeq&, const BySeq&) = default;
};

struct ByName {
  std::string name;  // Valid as of validate_name().
  friend bool operator==(const ByName&, const ByName&) = default;
};

// The start of NodeId::to_text(), hyphens included; shorter than the whole. More than one node may
// answer to it: then the lookup is ambiguous and fails.
struct ByIdPrefix {
  std::string prefix;
  friend bool operator==(const ByIdPrefix&, const ByIdPrefix&) = default;
};

// A NodeId stands for itself.
using Lookup = std::variant<NodeId, BySeq, ByName, ByIdPrefix>;

inline constexpr std::size_t kLeastIdPrefix = 6;

// The lookups to try in order: exact id, exact seq, exact name, start of an id. The first that
// finds a node decides. Fails with kInvalidArgument when `text` can mean no node at all.
[[nodiscard]] Result<std::vector<Lookup>> parse_lookup(std::string_view text);

}  // namespace warren::model
