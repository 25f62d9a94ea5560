// SPDX-License-Identifier: Apache-2.0
//
// The reads of Store, on a connection that the caller has to itself meanwhile.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace warren::store {

using MaybeNode = std::optional<model::Node>;
using Nodes = std::vector<model::Node>;

[[nodiscard]] Result<Loaded> load(Database& database);
[[nodiscard]] Result<MaybeNode> find(Database& database, const NodeId& id);
[[nodiscard]] Result<MaybeNode> find_by_seq(Database& database, std::uint64_t seq);
[[nodiscard]] Result<MaybeNode> newest_by_name(Database& database, std::string_view name);
[[nodiscard]] Result<Nodes> find_by_prefix(Database& database, std::string_view prefix,
                                           std::uint32_t limit,
                                           const std::optional<model::Principal>& owner);
[[nodiscard]] Result<Page> list(Database& database, const Query& query);
[[nodiscard]] Result<std::vector<NodeId>> children(Database& database, const NodeId& parent);
[[nodiscard]] Result<std::optional<KeyRecord>> find_key(Database& database, std::string_view owner,
                                                        std::string_view key);
[[nodiscard]] Result<std::vector<NodeEvent>> events(Database& database, std::uint64_t after,
                                                    std::uint32_t limit);
[[nodiscard]] Result<std::vector<NodeId>> expired(Database& database, Timestamp ended_before,
                                                  std::uint64_t keep, std::uint32_t limit);

}  // namespace warren::store
