// SPDX-License-Identifier: Apache-2.0

#include "store/changes.h"

#include "store/node_row.h"

namespace warren::store {
namespace {

Result<std::uint64_t> read_number(Database& database, std::string_view sql) {
  Execution rows = WARREN_TRY(database.prepare(sql));
  const bool found = WARREN_TRY(rows.next());
  if (!found) return fail(Errc::kInternal, "'{}' gave nothing", sql);
  return rows.number();
}

Result<> put_event(Database& database, const NodeEvent& event, std::uint64_t number) {
  const std::string cause = model::to_text(event.cause);
  return database.run(
      "INSERT INTO events (number, at, node, seq, state, cause) VALUES (?, ?, ?, ?, ?, ?)", number,
      to_column(event.at), to_blob(event.node), event.seq, model::to_text(event.state),
      std::string_view(cause));
}

// Deleting the rows with the highest numbers must not make these free again.
Result<> remember_event(Database& database) {
  return database.run(
      "UPDATE counters SET value = (SELECT max(number) FROM events) "
      "WHERE name = 'event' AND value < (SELECT max(number) FROM events)");
}

Result<> remember_seq(Database& database, const NodeId& id) {
  return database.run(
      "UPDATE counters SET value = (SELECT seq FROM nodes WHERE id = ?1) "
      "WHERE name = 'seq' AND value < (SELECT seq FROM nodes WHERE id = ?1)",
      to_blob(id));
}

Result<> change(Database& database, const InsertNode& insert) {
  return insert_node(database, insert.node);
}

Result<> change(Database& database, const UpdateNode& update) {
  return update_node(database, update.node);
}

Result<> change(Database& database, const DeleteNode& removal) {
  WARREN_TRY(remember_seq(database, removal.id));
  for (const std::string_view sql :
       {"DELETE FROM labels WHERE place = (SELECT place FROM nodes WHERE id = ?)",
        "DELETE FROM footprints WHERE sandbox = ?", "DELETE FROM nodes WHERE id = ?"}) {
    WARREN_TRY(database.run(sql, to_blob(removal.id)));
  }
  return {};
}

Result<> change(Database& database, const PutFootprint& put) {
  return database.run("INSERT OR REPLACE INTO footprints (sandbox, record) VALUES (?, ?)",
                      to_blob(put.footprint.sandbox), to_blob(put.footprint.record));
}

Result<> change(Database& database, const DeleteFootprint& removal) {
  return database.run("DELETE FROM footprints WHERE sandbox = ?", to_blob(removal.sandbox));
}

Result<> change(Database& database, const PutKey& put) {
  const KeyRecord& key = put.key;
  return database.run(
      "INSERT OR REPLACE INTO keys (owner, key, fingerprint, node, at) VALUES (?, ?, ?, ?, ?)",
      std::string_view(key.owner), std::string_view(key.key), to_blob(key.fingerprint),
      to_blob(key.node), to_column(key.at));
}

Result<> change(Database& database, const PutEvent& put) {
  if (put.event.number != 0) return put_event(database, put.event, put.event.number);
  const std::uint64_t number = WARREN_TRY(next_event(database));
  return put_event(database, put.event, number);
}

}  // namespace

Result<> apply_batch(Database& database, const Batch& batch) {
  for (const Change& each : batch) {
    WARREN_TRY(std::visit([&](const auto& concrete) { return change(database, concrete); }, each));
  }
  return {};
}

Result<> prune(Database& database, Timestamp keys_before, std::uint64_t keep_events) {
  WARREN_TRY(
      database.run("DELETE FROM keys WHERE at < ? AND NOT EXISTS "
                   "(SELECT 1 FROM nodes WHERE nodes.id = keys.node AND live = 1)",
                   to_column(keys_before)));
  WARREN_TRY(remember_event(database));
  // Numbers have no gaps: nothing else removes events.
  return database.run("DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?",
                      keep_events);
}

Result<std::uint64_t> next_seq(Database& database) {
  return read_number(database,
                     "SELECT 1 + max((SELECT value FROM counters WHERE name = 'seq'), "
                     "coalesce((SELECT max(seq) FROM nodes WHERE seq IS NOT NULL), 0))");
}

Result<std::uint64_t> next_event(Database& database) {
  return read_number(database,
                     "SELECT 1 + max((SELECT value FROM counters WHERE name = 'event'), "
                     "coalesce((SELECT max(number) FROM events), 0))");
}

}  // namespace warren::store
