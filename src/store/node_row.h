// SPDX-License-Identifier: Apache-2.0
//
// Nodes, footprints, keys and events as rows: the one place where columns and fields meet.

#pragma once

#include <optional>
#include <string_view>

#include "model/node.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace warren::store {

// Every read_ function takes the columns of its list, in that order, from the row in hand.
inline constexpr std::string_view kNodeColumns =
    "id, seq, kind, parent, sandbox, realm, owner, owner_uid, face, spec, state, cause, exit_code, "
    "message, cpu_usec, memory_bytes, memory_peak_bytes, io_read_bytes, io_write_bytes, pids, "
    "throttled_usec, stdout_bytes, stderr_bytes, lost_bytes, "
    "created_at, scheduled_at, late_msec, started_at, ended_at";

[[nodiscard]] Result<model::Node> read_node(Execution& row);
[[nodiscard]] Result<NodeId> read_id(Execution& row);            // id
[[nodiscard]] Result<Footprint> read_footprint(Execution& row);  // sandbox, record
[[nodiscard]] Result<KeyRecord> read_key(Execution& row);        // All, in their order.
[[nodiscard]] Result<NodeEvent> read_event(Execution& row);      // All, in their order.

[[nodiscard]] Blob to_blob(const NodeId& id) noexcept;
[[nodiscard]] Blob to_blob(std::string_view bytes) noexcept;
[[nodiscard]] std::int64_t to_column(Timestamp time) noexcept;

[[nodiscard]] Result<> insert_node(Database& database, const model::Node& node);
// Does nothing when there is no such node.
[[nodiscard]] Result<> update_node(Database& database, const model::Node& node);

}  // namespace warren::store
