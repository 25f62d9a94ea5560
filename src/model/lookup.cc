// SPDX-License-Identifier: Apache-2.0

#include "model/lookup.h"

#include <charconv>
#include <optional>

#include "base/quote.h"
#include "model/spec.h"

namespace warren::model {
namespace {

// A seq is written in one way only: no sign, no leading zero. 0 belongs to no job.
std::optional<std::uint64_t> parse_seq(std::string_view text) noexcept {
  if (text.starts_with('0')) return std::nullopt;
  std::uint64_t seq = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seq);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seq;
}

// A start of an id is one that some id completes: the rest of the nil id is as good as any.
bool is_id_prefix(std::string_view text) {
  if (text.size() < kLeastIdPrefix || text.size() >= NodeId::kTextLength) return false;
  const std::string completed = std::string(text) + NodeId().to_text().substr(text.size());
  return NodeId::parse(completed).has_value();
}

}  // namespace

Result<std::vector<Lookup>> parse_lookup(std::string_view text) {
  std::vector<Lookup> lookups;
  if (const auto id = NodeId::parse(text)) lookups.emplace_back(*id);
  if (const auto seq = parse_seq(text)) lookups.emplace_back(BySeq{*seq});
  if (validate_name(text)) lookups.emplace_back(ByName{std::string(text)});
  if (is_id_prefix(text)) lookups.emplace_back(ByIdPrefix{std::string(text)});
  if (lookups.empty()) {
    return fail(Errc::kInvalidArgument,
                "{} is no id, number or name of a node, nor the first {} characters of an id",
                quote(text), kLeastIdPrefix);
  }
  return lookups;
}

}  // namespace warren::model
