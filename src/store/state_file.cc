// SPDX-License-Identifier: Apache-2.0

#include "store/state_file.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <tuple>

#include "os/context.h"
#include "os/file.h"

namespace warren::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestToCheck = 64U << 20U;

fs::path beside(const fs::path& path, std::string_view suffix) {
  return path.native() + std::string(suffix);
}

// SQLite gives the files beside it the same mode, and says less about why it cannot create one.
Result<> create_if_missing(const fs::path& path) {
  constexpr mode_t kMode = S_IRUSR | S_IWUSR;
  WARREN_TRY(os::context(os::open_at(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT, kMode), "opening {}",
                         path.native()));
  return {};
}

// The last connection of a clean end removes the write-ahead log.
bool ended_uncleanly(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(beside(path, "-wal"), error);
  return !error && size > 0;
}

// Left by a connection that has met a corrupt page, so that the next start looks at all of them.
fs::path suspicion(const fs::path& path) {
  return beside(path, ".suspect");
}

bool is_small(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return !error && size <= kLargestToCheck;
}

// The first complaint of SQLite's own check, or nothing.
Result<std::optional<std::string>> find_fault(Database& database) {
  Execution rows = WARREN_TRY(database.prepare("PRAGMA quick_check(1)"));
  const bool found = WARREN_TRY(rows.next());
  if (!found) return std::nullopt;
  const std::string_view verdict = rows.text();
  if (verdict == "ok") return std::nullopt;
  return std::optional<std::string>(verdict);
}

enum class Soundness : std::uint8_t { kSound, kCorrupt };
enum class Check : bool { kSchema, kEveryPage };

Result<Soundness> inspect(Database& database, Check check) {
  const auto schema = database.run("SELECT count(*) FROM sqlite_schema");
  if (database.found_corrupt()) return Soundness::kCorrupt;
  WARREN_TRY(Result<>(schema));
  if (check == Check::kSchema) return Soundness::kSound;
  const auto fault = find_fault(database);
  if (database.found_corrupt()) return Soundness::kCorrupt;
  if (!fault) return std::unexpected(fault.error());
  return fault->has_value() ? Soundness::kCorrupt : Soundness::kSound;
}

constexpr std::string_view kSetAside = ".corrupt-";

fs::path free_name(const fs::path& path) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const fs::path wanted = beside(path, fmt::format("{}{}", kSetAside, to_rfc3339(now)));
  fs::path name = wanted;
  std::error_code error;
  for (int attempt = 2; fs::exists(name, error); ++attempt) {
    name = beside(wanted, fmt::format(".{}", attempt));
  }
  return name;
}

// The file with its log and index, so that sqlite3(1) still sees the three as one database.
Result<fs::path> set_aside(const fs::path& path) {
  fs::path target = free_name(path);
  for (const std::string_view suffix : {"", "-wal", "-shm"}) {
    std::error_code error;
    fs::rename(beside(path, suffix), beside(target, suffix), error);
    if (error && error != std::errc::no_such_file_or_directory) {
      return fail(Errc::kInternal, "setting {} aside: {}", path.native(), error.message());
    }
  }
  return target;
}

Check check_for(const fs::path& path) {
  std::error_code error;
  if (fs::exists(suspicion(path), error)) return Check::kEveryPage;
  return ended_uncleanly(path) && is_small(path) ? Check::kEveryPage : Check::kSchema;
}

// What is wrong with a file is found without changing it: it may be the only copy.
Result<Soundness> inspect_file(const fs::path& path) {
  const Check check = check_for(path);
  Database database = WARREN_TRY(Database::open(path));
  database.leave_untouched();
  return context(inspect(database, check), "{}", path.native());
}

Result<> bring_up_to_date(const fs::path& path, std::span<const Migration> steps) {
  Database database = WARREN_TRY(Database::open(path));
  database.leave_untouched();  // Whoever cannot read a newer version must not write to it either.
  return context(migrate(database, path, steps), "{}", path.parent_path().native());
}

Result<> configure(Database& database, Durability durability) {
  const std::string_view synchronous = durability == Durability::kPower ? "FULL" : "NORMAL";
  return database.run_script(
      fmt::format("PRAGMA journal_mode = WAL;"
                  "PRAGMA synchronous = {};"
                  "PRAGMA wal_autocheckpoint = 0;"
                  "PRAGMA journal_size_limit = 16777216;"
                  "PRAGMA temp_store = MEMORY;"
                  "PRAGMA trusted_schema = OFF",
                  synchronous));
}

}  // namespace

fs::path state_path(const fs::path& directory) {
  return directory / "state.db";
}

Result<SetAside> prepare_state_file(const fs::path& directory, std::span<const Migration> steps) {
  const fs::path path = state_path(directory);
  WARREN_TRY(create_if_missing(path));
  SetAside aside;
  const Soundness soundness = WARREN_TRY(inspect_file(path));
  if (soundness == Soundness::kCorrupt) {
    aside = WARREN_TRY(set_aside(path));
    WARREN_TRY(create_if_missing(path));
  }
  std::error_code not_there;
  fs::remove(suspicion(path), not_there);
  WARREN_TRY(bring_up_to_date(path, steps));
  return aside;
}

std::vector<fs::path> databases_set_aside(const fs::path& directory) {
  const std::string prefix = beside(state_path(directory), kSetAside).filename();
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename();
    if (!name.starts_with(prefix) || name.ends_with("-wal") || name.ends_with("-shm")) continue;
    found.push_back(entries->path());
  }
  std::ranges::sort(found);
  return found;
}

Result<Database> connect(const fs::path& path, Durability durability) {
  Database database = WARREN_TRY(Database::open(path));
  database.when_corrupt([path] {
    // One that cannot be left costs a check, not the failure of what met the corrupt page.
    std::ignore = os::open_at(AT_FDCWD, suspicion(path).c_str(), O_RDWR | O_CREAT, S_IRUSR);
  });
  WARREN_TRY(context(configure(database, durability), "{}", path.native()));
  return database;
}

}  // namespace warren::store
