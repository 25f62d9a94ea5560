// SPDX-License-Identifier: Apache-2.0
//
// From what a person types to a node, alive or ended.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/core.h"
#include "engine/task.h"
#include "model/identity.h"
#include "model/lookup.h"

namespace warren::engine {

struct FoundNode {
  LiveNodePtr live;        // Absent when it has ended.
  model::Node ended_node;  // Of the store, when it has ended.

  [[nodiscard]] const model::Node& node() const noexcept { return live ? live->node : ended_node; }
};

class Directory {
 public:
  explicit Directory(Core& core) : core_(core) {}

  // The node that `text` names, if `caller` may use `method` on it. Others' nodes are not told
  // apart from missing ones where the caller may not even see them.
  [[nodiscard]] Task<Result<FoundNode>> find(std::string text, model::Caller caller,
                                             model::Method method);
  // By full id, whoever asks.
  [[nodiscard]] Task<Result<FoundNode>> find_by_id(NodeId id);

 private:
  using Candidates = Result<std::vector<FoundNode>>;

  [[nodiscard]] Task<Candidates> answer(model::Lookup lookup, const model::Caller& caller);
  [[nodiscard]] LiveNodePtr live_answer(const model::Lookup& lookup) const;
  [[nodiscard]] Task<StoreReader::FoundNode> stored_answer(model::Lookup lookup);
  [[nodiscard]] Task<Candidates> answer_prefix(std::string prefix, const model::Caller& caller);

  Core& core_;
};

}  // namespace warren::engine
