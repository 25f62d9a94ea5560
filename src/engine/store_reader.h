// SPDX-License-Identifier: Apache-2.0
//
// The store's blocking reads as awaitables of the loop.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/task.h"
#include "store/store.h"

namespace warren::engine {

class StoreReader {
 public:
  StoreReader(store::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  using FoundNode = Result<std::optional<model::Node>>;
  [[nodiscard]] Task<Result<store::Loaded>> load();
  [[nodiscard]] Task<FoundNode> find(NodeId id);
  [[nodiscard]] Task<FoundNode> find_by_seq(std::uint64_t seq);
  [[nodiscard]] Task<FoundNode> newest_by_name(std::string name);
  [[nodiscard]] Task<Result<std::vector<model::Node>>> find_by_prefix(
      std::string prefix, std::uint32_t limit, std::optional<model::Principal> owner);
  [[nodiscard]] Task<Result<store::Page>> list(store::Query query);
  [[nodiscard]] Task<Result<std::vector<NodeId>>> children(NodeId parent);
  [[nodiscard]] Task<Result<std::optional<store::KeyRecord>>> find_key(std::string owner,
                                                                       std::string key);
  [[nodiscard]] Task<Result<std::vector<store::NodeEvent>>> events(std::uint64_t after,
                                                                   std::uint32_t limit);
  [[nodiscard]] Task<Result<std::vector<NodeId>>> expired(Timestamp ended_before,
                                                          std::uint64_t keep, std::uint32_t limit);

 private:
  store::Store& store_;
  BlockingPool& pool_;
};

}  // namespace warren::engine
