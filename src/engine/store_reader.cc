// SPDX-License-Identifier: Apache-2.0

#include "engine/store_reader.h"

#include <utility>

namespace warren::engine {

Task<Result<store::Loaded>> StoreReader::load() {
  return pool_.run([this] { return store_.load(); });
}

Task<StoreReader::FoundNode> StoreReader::find(NodeId id) {
  return pool_.run([this, id] { return store_.find(id); });
}

Task<StoreReader::FoundNode> StoreReader::find_by_seq(std::uint64_t seq) {
  return pool_.run([this, seq] { return store_.find_by_seq(seq); });
}

Task<StoreReader::FoundNode> StoreReader::newest_by_name(std::string name) {
  return pool_.run([this, name = std::move(name)] { return store_.newest_by_name(name); });
}

Task<Result<std::vector<model::Node>>> StoreReader::find_by_prefix(
    std::string prefix, std::uint32_t limit, std::optional<model::Principal> owner) {
  return pool_.run([this, prefix = std::move(prefix), limit, owner = std::move(owner)] {
    return store_.find_by_prefix(prefix, limit, owner);
  });
}

Task<Result<store::Page>> StoreReader::list(store::Query query) {
  return pool_.run([this, query = std::move(query)] { return store_.list(query); });
}

Task<Result<std::vector<NodeId>>> StoreReader::children(NodeId parent) {
  return pool_.run([this, parent] { return store_.children(parent); });
}

Task<Result<std::optional<store::KeyRecord>>> StoreReader::find_key(std::string owner,
                                                                    std::string key) {
  return pool_.run([this, owner = std::move(owner), key = std::move(key)] {
    return store_.find_key(owner, key);
  });
}

Task<Result<std::vector<store::NodeEvent>>> StoreReader::events(std::uint64_t after,
                                                                std::uint32_t limit) {
  return pool_.run([this, after, limit] { return store_.events(after, limit); });
}

Task<Result<std::vector<NodeId>>> StoreReader::expired(Timestamp ended_before, std::uint64_t keep,
                                                       std::uint32_t limit) {
  return pool_.run(
      [this, ended_before, keep, limit] { return store_.expired(ended_before, keep, limit); });
}

}  // namespace warren::engine
