// SPDX-License-Identifier: Apache-2.0

#include "store/schema.h"

#include <fcntl.h>

#include <array>
#include <string>
#include <system_error>

#include "os/context.h"
#include "os/file.h"

namespace warren::store {
namespace {

// Numbers are kept bit for bit, times in microseconds since 1970, ids as their 16 bytes.
//
// Rows of nodes are numbered in the order they came in. Partial indexes keep a start cheap: one
// page for each thing that a node really has. Events have no index by node: those of nodes that are
// gone are passed over by readers until they are pruned. `counters` holds the highest number of
// each sort that only deleted rows had; the others are in the rows themselves.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE nodes (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  seq INTEGER,
  kind TEXT NOT NULL,
  parent BLOB,
  sandbox BLOB,
  owner TEXT NOT NULL,
  owner_uid INTEGER NOT NULL,
  name TEXT,
  spec TEXT NOT NULL,
  live INTEGER NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  exit_code INTEGER,
  message TEXT NOT NULL,
  cpu_usec INTEGER NOT NULL,
  memory_bytes INTEGER NOT NULL,
  memory_peak_bytes INTEGER NOT NULL,
  io_read_bytes INTEGER NOT NULL,
  io_write_bytes INTEGER NOT NULL,
  pids INTEGER NOT NULL,
  throttled_usec INTEGER NOT NULL,
  stdout_bytes INTEGER NOT NULL,
  stderr_bytes INTEGER NOT NULL,
  lost_bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  scheduled_at INTEGER,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX nodes_by_seq ON nodes(seq) WHERE seq IS NOT NULL;
CREATE INDEX nodes_by_name ON nodes(name) WHERE name IS NOT NULL;
CREATE INDEX nodes_by_parent ON nodes(parent) WHERE parent IS NOT NULL;
CREATE INDEX nodes_live ON nodes(live) WHERE live = 1;
CREATE INDEX nodes_ended ON nodes(ended_at) WHERE live = 0;

CREATE TABLE labels (
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (key, value, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_by_place ON labels(place);

CREATE TABLE footprints (
  sandbox BLOB NOT NULL PRIMARY KEY,
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keys (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  node BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_node ON keys(node);
CREATE INDEX keys_by_time ON keys(at);

CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  node BLOB NOT NULL,
  seq INTEGER NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL
) STRICT;

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('seq', 0), ('event', 0);
)sql";

// A node belongs to an account or to the subject of a certificate, and came through a face. What
// there was before belongs to accounts and came over the engine's own socket. Scheduled jobs can be
// late.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE nodes ADD COLUMN realm TEXT NOT NULL DEFAULT 'local';
ALTER TABLE nodes ADD COLUMN face TEXT NOT NULL DEFAULT 'local';
ALTER TABLE nodes ADD COLUMN late_msec INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr std::array kMigrations{Migration{kVersion1}, Migration{kVersion2}};

Result<std::int64_t> read_integer(Database& database, std::string_view sql) {
  Execution rows = WARREN_TRY(database.prepare(sql));
  const bool found = WARREN_TRY(rows.next());
  if (!found) return fail(Errc::kInternal, "'{}' gave nothing", sql);
  return rows.integer();
}

Result<> check_origin(Database& database, const std::filesystem::path& path) {
  const std::int64_t tables =
      WARREN_TRY(read_integer(database, "SELECT count(*) FROM sqlite_schema"));
  const std::int64_t origin = WARREN_TRY(read_integer(database, "PRAGMA application_id"));
  if (tables == 0 || origin == kApplicationId) return {};
  return fail(Errc::kFailedPrecondition, "{} is a database of another program", path.native());
}

// Complete under its name or not there: a crash leaves at most the unfinished copy beside it.
Result<> copy_aside(Database& database, const std::string& target) {
  const std::string unfinished = target + ".new";
  // SQLite would create the copy with the mode of the umask; an empty file it takes as it is.
  WARREN_TRY(os::context(
      os::open_at(AT_FDCWD, unfinished.c_str(), O_RDWR | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR),
      "creating {}", unfinished));
  WARREN_TRY(context(database.run("VACUUM INTO ?", std::string_view(unfinished)), "copying to {}",
                     unfinished));
  std::error_code error;
  std::filesystem::rename(unfinished, target, error);
  if (error) return fail(Errc::kInternal, "renaming {}: {}", unfinished, error.message());
  return {};
}

Result<> apply(Database& database, std::span<const Migration> steps, std::size_t newest) {
  Transaction transaction = WARREN_TRY(Transaction::begin(database));
  for (const Migration& step : steps) WARREN_TRY(database.run_script(step.sql));
  WARREN_TRY(database.run_script(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, newest)));
  return transaction.commit();
}

}  // namespace

std::span<const Migration> migrations() noexcept {
  return kMigrations;
}

Result<> migrate(Database& database, const std::filesystem::path& path,
                 std::span<const Migration> steps) {
  WARREN_TRY(check_origin(database, path));
  const std::int64_t version = WARREN_TRY(read_integer(database, "PRAGMA user_version"));
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (version < 0 || version > newest) {
    return fail(Errc::kFailedPrecondition, "{} is of version {}; this warren reads up to {}",
                path.filename().native(), version, newest);
  }
  if (version == newest) return {};
  if (version > 0) {
    WARREN_TRY(copy_aside(database, fmt::format("{}.v{}", path.native(), version)));
  }
  return context(apply(database, steps.subspan(static_cast<std::size_t>(version)), steps.size()),
                 "bringing {} from version {} to {}", path.native(), version, newest);
}

}  // namespace warren::store
