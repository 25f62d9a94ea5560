// SPDX-License-Identifier: Apache-2.0

#include "engine/directory.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/co_try.h"

namespace warren::engine {
namespace {

constexpr std::uint32_t kMostCandidates = 8;

bool may_see(const model::Caller& caller, const model::Node& node) {
  return model::authorize(caller, model::Method::kGet, node.owner, node.face).has_value();
}

std::unexpected<Error> ambiguous(const std::string& text, const std::vector<FoundNode>& found) {
  std::vector<std::string> ids;
  ids.reserve(found.size());
  for (const FoundNode& candidate : found) ids.push_back(candidate.node().id.to_text());
  return fail(Errc::kInvalidArgument, "'{}' is the start of several ids: {}", text,
              fmt::join(ids, ", "));
}

Result<FoundNode> choose(std::vector<FoundNode> found, const std::string& text,
                         const model::Caller& caller, model::Method method) {
  if (found.size() > 1) return ambiguous(text, found);
  const model::Node& node = found.front().node();
  WARREN_TRY(model::authorize(caller, method, node.owner, node.face));
  return std::move(found.front());
}

}  // namespace

Task<Result<FoundNode>> Directory::find(std::string text, model::Caller caller,
                                        model::Method method) {
  WARREN_CO_TRY(const std::vector<model::Lookup> lookups, model::parse_lookup(text));
  for (const model::Lookup& lookup : lookups) {
    WARREN_CO_TRY(std::vector<FoundNode> found, co_await answer(lookup, caller));
    std::erase_if(found, [&](const FoundNode& node) { return !may_see(caller, node.node()); });
    if (!found.empty()) co_return choose(std::move(found), text, caller, method);
  }
  co_return fail(Errc::kNotFound, "there is no job '{}'", text);
}

Task<Result<FoundNode>> Directory::find_by_id(NodeId id) {
  if (const LiveNodePtr live = core_.tree.find(id)) {
    co_return FoundNode{.live = live, .ended_node = {}};
  }
  WARREN_CO_TRY(std::optional<model::Node> stored, co_await core_.reads.find(id));
  if (!stored) co_return fail(Errc::kNotFound, "there is no job {}", id.to_text());
  co_return FoundNode{.live = nullptr, .ended_node = *std::move(stored)};
}

Task<Directory::Candidates> Directory::answer(model::Lookup lookup, const model::Caller& caller) {
  if (const auto* prefix = std::get_if<model::ByIdPrefix>(&lookup)) {
    co_return co_await answer_prefix(prefix->prefix, caller);
  }
  std::vector<FoundNode> found;
  if (const LiveNodePtr live = live_answer(lookup)) {
    found.push_back({.live = live, .ended_node = {}});
    co_return found;
  }
  WARREN_CO_TRY(std::optional<model::Node> stored, co_await stored_answer(lookup));
  if (stored) found.push_back({.live = nullptr, .ended_node = *std::move(stored)});
  co_return found;
}

LiveNodePtr Directory::live_answer(const model::Lookup& lookup) const {
  if (const auto* id = std::get_if<NodeId>(&lookup)) return core_.tree.find(*id);
  if (const auto* by = std::get_if<model::BySeq>(&lookup)) return core_.tree.find_by_seq(by->seq);
  if (const auto* by = std::get_if<model::ByName>(&lookup)) {
    return core_.tree.find_by_name(by->name);
  }
  return nullptr;
}

Task<StoreReader::FoundNode> Directory::stored_answer(model::Lookup lookup) {
  if (const auto* id = std::get_if<NodeId>(&lookup)) return core_.reads.find(*id);
  if (const auto* by = std::get_if<model::BySeq>(&lookup)) return core_.reads.find_by_seq(by->seq);
  return core_.reads.newest_by_name(std::get<model::ByName>(lookup).name);
}

Task<Directory::Candidates> Directory::answer_prefix(std::string prefix,
                                                     const model::Caller& caller) {
  std::optional<model::Principal> owner;  // Before the limit: others' nodes leave no room else.
  if (model::allowed(caller.role, model::Method::kGet, caller.face) != model::Scope::kAll) {
    owner = caller.principal;
  }
  std::vector<FoundNode> found;
  for (LiveNodePtr& live : core_.tree.find_by_prefix(prefix, kMostCandidates, owner)) {
    found.push_back({.live = std::move(live), .ended_node = {}});
  }
  WARREN_CO_TRY(std::vector<model::Node> stored,
                co_await core_.reads.find_by_prefix(prefix, kMostCandidates, owner));
  for (model::Node& node : stored) {
    const bool is_known = std::ranges::any_of(
        found, [&](const FoundNode& other) { return other.node().id == node.id; });
    if (!is_known) found.push_back({.live = nullptr, .ended_node = std::move(node)});
  }
  co_return found;
}

}  // namespace warren::engine
