// SPDX-License-Identifier: Apache-2.0

#include "engine/node_tree.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace warren::engine {

Result<> NodeTree::check(const model::Node& node) const {
  const std::string& name = node.spec.name;
  if (!name.empty() && by_name_.contains(name)) {
    return fail(Errc::kAlreadyExists, "the name '{}' belongs to a node that has not ended", name);
  }
  if (!node.parent) return {};
  const LiveNodePtr parent = find(*node.parent);
  if (!parent || parent->is_closing || model::is_final(parent->node.state)) {
    return fail(Errc::kFailedPrecondition, "parent {} has ended or is ending",
                node.parent->to_text());
  }
  return {};
}

void NodeTree::add(LiveNodePtr node) {
  const model::Node& description = node->node;
  if (description.seq != 0) by_seq_[description.seq] = description.id;
  if (!description.spec.name.empty()) by_name_[description.spec.name] = description.id;
  if (description.parent) children_[*description.parent].insert(description.id);
  if (description.state == model::State::kScheduled) ++scheduled_;
  nodes_[description.id] = std::move(node);
}

void NodeTree::remove(const NodeId& id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return;
  const model::Node& node = found->second->node;
  if (node.state == model::State::kScheduled) --scheduled_;
  by_seq_.erase(node.seq);
  const auto named = by_name_.find(node.spec.name);
  if (named != by_name_.end() && named->second == id) by_name_.erase(named);
  if (node.parent) {
    const auto siblings = children_.find(*node.parent);
    if (siblings != children_.end()) {
      siblings->second.erase(id);
      if (siblings->second.empty()) children_.erase(siblings);
    }
  }
  nodes_.erase(found);
}

LiveNodePtr NodeTree::find(const NodeId& id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : found->second;
}

LiveNodePtr NodeTree::find_by_seq(std::uint64_t seq) const {
  const auto found = by_seq_.find(seq);
  return found == by_seq_.end() ? nullptr : find(found->second);
}

LiveNodePtr NodeTree::find_by_name(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : find(found->second);
}

std::vector<LiveNodePtr> NodeTree::find_by_prefix(
    std::string_view prefix, std::size_t limit,
    const std::optional<model::Principal>& owner) const {
  std::vector<LiveNodePtr> found;
  for (const auto& [id, node] : nodes_) {
    if (found.size() == limit) break;
    const model::Node& description = node->node;
    // A sandbox with a parent was made for that job, whose id starts as its own does.
    if (description.kind == model::Kind::kSandbox && description.parent) continue;
    if (owner && !description.owner.is(*owner)) continue;
    if (id.to_text().starts_with(prefix)) found.push_back(node);
  }
  return found;
}

std::vector<LiveNodePtr> NodeTree::all() const {
  std::vector<LiveNodePtr> nodes;
  nodes.reserve(nodes_.size());
  for (const auto& [id, node] : nodes_) nodes.push_back(node);
  return nodes;
}

std::vector<LiveNodePtr> NodeTree::children(const NodeId& parent) const {
  const auto ids = children_.find(parent);
  if (ids == children_.end()) return {};
  std::vector<LiveNodePtr> nodes;
  for (const NodeId& id : ids->second | std::views::reverse) nodes.push_back(find(id));
  return nodes;
}

std::vector<LiveNodePtr> NodeTree::descendants(const NodeId& parent) const {
  std::vector<LiveNodePtr> nodes = children(parent);
  for (std::size_t next = 0; next < nodes.size(); ++next) {
    const std::vector<LiveNodePtr> below = children(nodes[next]->node.id);
    nodes.insert(nodes.end(), below.begin(), below.end());
  }
  std::ranges::sort(nodes, std::ranges::greater(),
                    [](const LiveNodePtr& node) { return node->node.id; });
  return nodes;
}

}  // namespace warren::engine
