// SPDX-License-Identifier: Apache-2.0
//
// The nodes that have not ended, by every way to find them. Ended ones are in the store alone.
// Pure: it neither reads nor writes anything else.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/task.h"
#include "model/node.h"

namespace warren::engine {

struct LiveNode {
  explicit LiveNode(model::Node description) : node(std::move(description)) {}

  model::Node node;
  bool is_closing = false;  // Its command has ended or is being ended: no new children.
  Gate ended;               // Opens once its final state is committed.
};
using LiveNodePtr = std::shared_ptr<LiveNode>;

class NodeTree {
 public:
  // Fails with kAlreadyExists when a live node has the same name, and with kFailedPrecondition when
  // the parent is not live or accepts no new children.
  [[nodiscard]] Result<> check(const model::Node& node) const;

  // A node that check() accepts, or one of an earlier engine.
  void add(LiveNodePtr node);
  void remove(const NodeId& id);

  [[nodiscard]] LiveNodePtr find(const NodeId& id) const;
  [[nodiscard]] LiveNodePtr find_by_seq(std::uint64_t seq) const;
  [[nodiscard]] LiveNodePtr find_by_name(const std::string& name) const;
  // At most `limit` of those whose id starts with `prefix`, as store::Store::find_by_prefix().
  [[nodiscard]] std::vector<LiveNodePtr> find_by_prefix(
      std::string_view prefix, std::size_t limit,
      const std::optional<model::Principal>& owner = {}) const;

  // Oldest first.
  [[nodiscard]] std::vector<LiveNodePtr> all() const;
  // Youngest first.
  [[nodiscard]] std::vector<LiveNodePtr> children(const NodeId& parent) const;
  [[nodiscard]] std::vector<LiveNodePtr> descendants(const NodeId& parent) const;

  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

  // How many wait for their time.
  [[nodiscard]] std::size_t scheduled() const noexcept { return scheduled_; }
  // A node in the tree has gone on from `before`.
  void count_step(model::State before) noexcept {
    if (before == model::State::kScheduled) --scheduled_;
  }

 private:
  std::map<NodeId, LiveNodePtr> nodes_;
  std::map<NodeId, std::set<NodeId>> children_;
  std::unordered_map<std::uint64_t, NodeId> by_seq_;
  std::unordered_map<std::string, NodeId> by_name_;
  std::size_t scheduled_ = 0;
};

}  // namespace warren::engine
