// SPDX-License-Identifier: Apache-2.0

#include "store/queries.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/changes.h"
#include "store/node_row.h"

namespace warren::store {
namespace {

// "SELECT <every column> FROM nodes <rest>"
std::string select_nodes(std::string_view rest) {
  return fmt::format("SELECT {} FROM nodes {}", kNodeColumns, rest);
}

// A sandbox whose parent is the process that runs in it was made for that process and goes with it.
constexpr std::string_view kNotOfAJob =
    "NOT (kind = 'sandbox' AND EXISTS (SELECT 1 FROM nodes AS job "
    "WHERE job.id = nodes.parent AND job.sandbox = nodes.id))";

// By the uid of an account, by the name of a certificate: never by the name of an account.
std::string_view owner_condition(const model::Principal& owner) {
  return owner.realm == model::Realm::kLocal ? "realm = ? AND owner_uid = ?"
                                             : "realm = ? AND owner = ?";
}

void bind_owner(Execution& rows, const model::Principal& owner) {
  rows.bind(model::to_text(owner.realm));
  owner.realm == model::Realm::kLocal ? rows.bind(std::int64_t{owner.uid}) : rows.bind(owner.name);
}

struct IdRange {
  NodeId low;
  NodeId high;
};

std::optional<std::uint8_t> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

// Every id whose text starts with `prefix`, or nothing when none can.
std::optional<IdRange> range_of(std::string_view prefix) {
  if (prefix.size() > NodeId::kTextLength) return std::nullopt;
  std::array<std::uint8_t, 16> low{};
  std::array<std::uint8_t, 16> high{};
  high.fill(0xff);
  std::size_t digits = 0;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    const bool hyphen_here = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen_here != (prefix[i] == '-')) return std::nullopt;
    if (hyphen_here) continue;
    const auto digit = hex_digit(prefix[i]);
    if (!digit) return std::nullopt;
    const std::size_t byte = digits / 2;
    const unsigned shift = digits % 2 == 0 ? 4 : 0;
    low[byte] = static_cast<std::uint8_t>(low[byte] | (*digit << shift));
    high[byte] = static_cast<std::uint8_t>(low[byte] | (shift == 4 ? 0x0f : 0));
    ++digits;
  }
  return IdRange{NodeId::from_bytes(low), NodeId::from_bytes(high)};
}

// What callers choose the length of, as it is in memory.
std::size_t size_of(const model::JobSpec& spec) {
  std::size_t size = 0;
  for (const std::string& word : spec.process.argv) size += sizeof word + word.size();
  for (const auto* const texts : {&spec.process.env, &spec.labels}) {
    for (const auto& text : *texts) size += sizeof text + text.first.size() + text.second.size();
  }
  return size;
}

std::string conditions(const Query& query) {
  std::string where = "WHERE 1";
  if (!query.states.empty()) {
    where += " AND state IN (?";
    for (std::size_t i = 1; i < query.states.size(); ++i) where += ", ?";
    where += ")";
    // Implied, and it lets the index of live nodes answer what most lists ask.
    if (std::ranges::none_of(query.states, model::is_final)) where += " AND live = 1";
  }
  for (std::size_t i = 0; i < query.labels.size(); ++i) {
    where += " AND place IN (SELECT place FROM labels WHERE key = ? AND value = ?)";
  }
  if (query.owner) where += fmt::format(" AND {}", owner_condition(*query.owner));
  if (query.face) where += " AND face = ?";
  if (query.parent) where += " AND parent = ?";
  if (query.below != 0) where += " AND place < ?";
  if (!query.sandboxes_of_jobs) where += fmt::format(" AND {}", kNotOfAJob);
  return where;
}

void bind_conditions(Execution& rows, const Query& query) {
  for (const model::State state : query.states) rows.bind(model::to_text(state));
  for (const auto& [key, value] : query.labels) {
    rows.bind(key);
    rows.bind(value);
  }
  if (query.owner) bind_owner(rows, *query.owner);
  if (query.face) rows.bind(model::to_text(*query.face));
  if (query.parent) rows.bind(to_blob(*query.parent));
  if (query.below != 0) rows.bind(query.below);
}

// The number of ended nodes that are to go. Both rules take from the oldest end.
Result<std::uint64_t> count_expired(Database& database, Timestamp ended_before,
                                    std::uint64_t keep) {
  Execution row =
      WARREN_TRY(database.prepare("SELECT (SELECT count(*) FROM nodes WHERE live = 0), "
                                  "(SELECT count(*) FROM nodes WHERE live = 0 AND ended_at < ?)",
                                  to_column(ended_before)));
  const bool counted = WARREN_TRY(row.next());
  if (!counted) return fail(Errc::kInternal, "counting ended nodes gave nothing");
  const std::uint64_t ended = row.number();
  const std::uint64_t too_old = row.number();
  return std::max(too_old, ended > keep ? ended - keep : 0);
}

}  // namespace

Result<Loaded> load(Database& database) {
  Loaded loaded;
  Execution nodes = WARREN_TRY(database.prepare(select_nodes("WHERE live = 1 ORDER BY place")));
  loaded.live = WARREN_TRY(collect(nodes, read_node));
  Execution footprints =
      WARREN_TRY(database.prepare("SELECT sandbox, record FROM footprints ORDER BY sandbox"));
  loaded.footprints = WARREN_TRY(collect(footprints, read_footprint));
  loaded.next_seq = WARREN_TRY(next_seq(database));
  loaded.next_event = WARREN_TRY(next_event(database));
  return loaded;
}

Result<MaybeNode> find(Database& database, const NodeId& id) {
  Execution rows = WARREN_TRY(database.prepare(select_nodes("WHERE id = ?"), to_blob(id)));
  return first(rows, read_node);
}

Result<MaybeNode> find_by_seq(Database& database, std::uint64_t seq) {
  Execution rows = WARREN_TRY(database.prepare(select_nodes("WHERE seq = ?"), seq));
  return first(rows, read_node);
}

Result<MaybeNode> newest_by_name(Database& database, std::string_view name) {
  const std::string sql =
      select_nodes(fmt::format("WHERE name = ? AND {} ORDER BY place DESC LIMIT 1", kNotOfAJob));
  Execution rows = WARREN_TRY(database.prepare(sql, name));
  return first(rows, read_node);
}

Result<Nodes> find_by_prefix(Database& database, std::string_view prefix, std::uint32_t limit,
                             const std::optional<model::Principal>& owner) {
  const auto range = range_of(prefix);
  if (!range) return Nodes();
  const std::string sql =
      select_nodes(fmt::format("WHERE id BETWEEN ? AND ? AND {} AND {} ORDER BY id LIMIT ?",
                               kNotOfAJob, owner ? owner_condition(*owner) : "1"));
  Execution rows = WARREN_TRY(database.prepare(sql, to_blob(range->low), to_blob(range->high)));
  if (owner) bind_owner(rows, *owner);
  rows.bind(std::int64_t{limit});
  return collect(rows, read_node);
}

Result<Page> list(Database& database, const Query& query) {
  std::string columns(kNodeColumns);
  if (!query.specs_of_live) {
    constexpr std::string_view kSpec = " spec,";
    columns.replace(columns.find(kSpec), kSpec.size(), " CASE live WHEN 0 THEN spec END,");
  }
  const std::string sql = fmt::format("SELECT {}, place FROM nodes {} ORDER BY place DESC LIMIT ?",
                                      columns, conditions(query));
  // Prepared for this once: texts differ with the number of labels, which callers choose.
  const Statement statement = WARREN_TRY(database.prepare_once(sql));
  Execution rows(database, statement.get());
  bind_conditions(rows, query);
  constexpr std::int64_t kNoLimit = -1;
  rows.bind(query.limit == 0 ? kNoLimit : std::int64_t{query.limit});
  Page page;
  std::size_t bytes = 0;
  for (;;) {
    const bool more = WARREN_TRY(rows.next());
    if (!more) return page;
    const model::Node& node = page.nodes.emplace_back(WARREN_TRY(read_node(rows)));
    const std::uint64_t place = rows.number();
    bytes += size_of(node.spec);
    const bool is_full = query.most_bytes != 0 && bytes >= query.most_bytes;
    if (is_full || page.nodes.size() == query.limit) page.next = place;
    if (is_full) return page;
  }
}

Result<std::vector<NodeId>> children(Database& database, const NodeId& parent) {
  Execution rows = WARREN_TRY(
      database.prepare("SELECT id FROM nodes WHERE parent = ? ORDER BY place", to_blob(parent)));
  return collect(rows, read_id);
}

Result<std::optional<KeyRecord>> find_key(Database& database, std::string_view owner,
                                          std::string_view key) {
  Execution rows =
      WARREN_TRY(database.prepare("SELECT owner, key, fingerprint, node, at FROM keys "
                                  "WHERE owner = ? AND key = ?",
                                  owner, key));
  return first(rows, read_key);
}

Result<std::vector<NodeEvent>> events(Database& database, std::uint64_t after,
                                      std::uint32_t limit) {
  Execution rows = WARREN_TRY(
      database.prepare("SELECT number, at, node, seq, state, cause FROM events "
                       "WHERE number > ? AND EXISTS (SELECT 1 FROM nodes WHERE id = events.node) "
                       "ORDER BY number LIMIT ?",
                       after, std::int64_t{limit}));
  return collect(rows, read_event);
}

Result<std::vector<NodeId>> expired(Database& database, Timestamp ended_before, std::uint64_t keep,
                                    std::uint32_t limit) {
  const std::uint64_t count = WARREN_TRY(count_expired(database, ended_before, keep));
  Execution rows = WARREN_TRY(
      database.prepare("SELECT id FROM nodes WHERE live = 0 ORDER BY ended_at, place LIMIT ?",
                       std::min<std::uint64_t>(count, limit)));
  return collect(rows, read_id);
}

}  // namespace warren::store
