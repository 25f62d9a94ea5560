// SPDX-License-Identifier: Apache-2.0

#include "store/node_row.h"

#include <algorithm>
#include <array>
#include <string>

#include "store/spec_codec.h"

namespace warren::store {
namespace {

void bind(Execution& row, const std::optional<NodeId>& id) {
  id ? row.bind(to_blob(*id)) : row.bind(std::nullopt);
}

void bind(Execution& row, const std::optional<Timestamp>& time) {
  time ? row.bind(to_column(*time)) : row.bind(std::nullopt);
}

void bind(Execution& row, const std::optional<std::int32_t>& value) {
  value ? row.bind(std::int64_t{*value}) : row.bind(std::nullopt);
}

Result<std::optional<NodeId>> read_optional_id(Execution& row) {
  if (row.next_is_null()) {
    row.skip();
    return std::nullopt;
  }
  const NodeId id = WARREN_TRY(read_id(row));
  return id;
}

Result<model::Cause> read_cause(Execution& row) {
  const std::string_view text = row.text();
  if (text.empty()) return model::Cause();  // Of nodes that are alive.
  return model::parse_cause(text);
}

Timestamp read_time(Execution& row) {
  return Timestamp(std::chrono::microseconds(row.integer()));
}

std::optional<Timestamp> read_optional_time(Execution& row) {
  if (!row.next_is_null()) return read_time(row);
  row.skip();
  return std::nullopt;
}

std::optional<std::int32_t> read_optional_int(Execution& row) {
  if (!row.next_is_null()) return static_cast<std::int32_t>(row.integer());
  row.skip();
  return std::nullopt;
}

Bytes read_bytes(Execution& row) {
  return Bytes{row.number()};
}

// The columns that never change, in the order of the INSERT; the specification follows.
void bind_origin(Execution& row, const model::Node& node) {
  row.bind(to_blob(node.id));
  node.seq != 0 ? row.bind(node.seq) : row.bind(std::nullopt);
  row.bind(model::to_text(node.owner.realm));
  row.bind(node.owner.name);
  row.bind(std::int64_t{node.owner.uid});
  row.bind(model::to_text(node.face));
  node.spec.name.empty() ? row.bind(std::nullopt) : row.bind(node.spec.name);
  row.bind(to_column(node.created_at));
}

// The columns that INSERT and UPDATE share, in their order. `cause` outlives the execution.
void bind_progress(Execution& row, const model::Node& node, const std::string& cause) {
  row.bind(model::to_text(node.kind));
  bind(row, node.parent);
  bind(row, node.sandbox);
  row.bind(std::int64_t{model::is_final(node.state) ? 0 : 1});
  row.bind(model::to_text(node.state));
  row.bind(cause);
  bind(row, node.exit_code);
  row.bind(node.message);
  row.bind(node.usage.cpu_usec);
  for (const Bytes bytes :
       {node.usage.memory, node.usage.memory_peak, node.usage.io_read, node.usage.io_write}) {
    row.bind(bytes.value);
  }
  row.bind(node.usage.pids);
  row.bind(node.usage.throttled_usec);
  for (const Bytes bytes : {node.stdout_bytes, node.stderr_bytes, node.lost_bytes}) {
    row.bind(bytes.value);
  }
  bind(row, node.scheduled_at);
  row.bind(std::int64_t{node.late.count()});
  bind(row, node.started_at);
  bind(row, node.ended_at);
}

constexpr std::string_view kInsert =
    "INSERT INTO nodes (id, seq, realm, owner, owner_uid, face, name, created_at, spec, "
    "kind, parent, sandbox, live, state, cause, exit_code, message, "
    "cpu_usec, memory_bytes, memory_peak_bytes, io_read_bytes, io_write_bytes, pids, "
    "throttled_usec, stdout_bytes, stderr_bytes, lost_bytes, scheduled_at, late_msec, started_at, "
    "ended_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?) RETURNING place";

constexpr std::string_view kUpdate =
    "UPDATE nodes SET "
    "kind = ?, parent = ?, sandbox = ?, live = ?, state = ?, cause = ?, exit_code = ?, "
    "message = ?, cpu_usec = ?, memory_bytes = ?, memory_peak_bytes = ?, io_read_bytes = ?, "
    "io_write_bytes = ?, pids = ?, throttled_usec = ?, stdout_bytes = ?, stderr_bytes = ?, "
    "lost_bytes = ?, scheduled_at = ?, late_msec = ?, started_at = ?, ended_at = ? WHERE id = ?";

Result<std::int64_t> insert_row(Database& database, const model::Node& node) {
  const std::string spec = WARREN_TRY(encode(node.spec));
  const std::string cause = model::to_text(node.cause);
  Execution row = WARREN_TRY(database.prepare(kInsert));
  bind_origin(row, node);
  row.bind(spec);
  bind_progress(row, node, cause);
  const bool given = WARREN_TRY(row.next());
  if (!given) return fail(Errc::kInternal, "an inserted node has no place");
  const std::int64_t place = row.integer();
  WARREN_TRY(row.run());
  return place;
}

}  // namespace

Blob to_blob(const NodeId& id) noexcept {
  return id.bytes();
}

Blob to_blob(std::string_view bytes) noexcept {
  // An empty view may hold a null pointer, which SQLite would take for NULL.
  const char* first = bytes.empty() ? "" : bytes.data();
  return {reinterpret_cast<const std::uint8_t*>(first), bytes.size()};
}

std::int64_t to_column(Timestamp time) noexcept {
  return time.time_since_epoch().count();
}

Result<NodeId> read_id(Execution& row) {
  const Blob blob = row.blob();
  std::array<std::uint8_t, 16> bytes{};
  if (blob.size() != bytes.size()) return fail(Errc::kInternal, "a stored id is not of 16 bytes");
  std::ranges::copy(blob, bytes.begin());
  return NodeId::from_bytes(bytes);
}

Result<model::Node> read_node(Execution& row) {
  model::Node node;
  node.id = WARREN_TRY(read_id(row));
  node.seq = row.number();  // NULL reads as 0.
  node.kind = WARREN_TRY(model::parse_kind(row.text()));
  node.parent = WARREN_TRY(read_optional_id(row));
  node.sandbox = WARREN_TRY(read_optional_id(row));
  node.owner.realm = WARREN_TRY(model::parse_realm(row.text()));
  node.owner.name = row.text();
  node.owner.uid = static_cast<std::uint32_t>(row.integer());
  node.face = WARREN_TRY(model::parse_face(row.text()));
  if (row.next_is_null()) {
    row.skip();  // Not asked for.
  } else {
    node.spec = WARREN_TRY(decode_spec(row.text()));
  }
  node.state = WARREN_TRY(model::parse_state(row.text()));
  node.cause = WARREN_TRY(read_cause(row));
  node.exit_code = read_optional_int(row);
  node.message = row.text();
  node.usage.cpu_usec = row.number();
  node.usage.memory = read_bytes(row);
  node.usage.memory_peak = read_bytes(row);
  node.usage.io_read = read_bytes(row);
  node.usage.io_write = read_bytes(row);
  node.usage.pids = row.number();
  node.usage.throttled_usec = row.number();
  node.stdout_bytes = read_bytes(row);
  node.stderr_bytes = read_bytes(row);
  node.lost_bytes = read_bytes(row);
  node.created_at = read_time(row);
  node.scheduled_at = read_optional_time(row);
  node.late = Duration(row.integer());
  node.started_at = read_optional_time(row);
  node.ended_at = read_optional_time(row);
  return node;
}

Result<Footprint> read_footprint(Execution& row) {
  Footprint footprint;
  footprint.sandbox = WARREN_TRY(read_id(row));
  footprint.record = row.text();
  return footprint;
}

Result<KeyRecord> read_key(Execution& row) {
  KeyRecord key;
  key.owner = row.text();
  key.key = row.text();
  key.fingerprint = row.text();
  key.node = WARREN_TRY(read_id(row));
  key.at = read_time(row);
  return key;
}

Result<NodeEvent> read_event(Execution& row) {
  NodeEvent event;
  event.number = row.number();
  event.at = read_time(row);
  event.node = WARREN_TRY(read_id(row));
  event.seq = row.number();
  event.state = WARREN_TRY(model::parse_state(row.text()));
  event.cause = WARREN_TRY(read_cause(row));
  return event;
}

Result<> insert_node(Database& database, const model::Node& node) {
  const std::int64_t place = WARREN_TRY(insert_row(database, node));
  for (const auto& [key, value] : node.spec.labels) {
    WARREN_TRY(database.run("INSERT INTO labels (key, value, place) VALUES (?, ?, ?)",
                            std::string_view(key), std::string_view(value), place));
  }
  return {};
}

Result<> update_node(Database& database, const model::Node& node) {
  const std::string cause = model::to_text(node.cause);
  Execution row = WARREN_TRY(database.prepare(kUpdate));
  bind_progress(row, node, cause);
  row.bind(to_blob(node.id));
  return row.run();
}

}  // namespace warren::store
