// SPDX-License-Identifier: Apache-2.0
//
// What state.db looks like, as a list of steps from nothing to the newest version. A released step
// is never edited; a change of the schema is a new step.

#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.h"
#include "store/sqlite.h"

namespace warren::store {

// PRAGMA application_id of every database of Warren: "wrrn".
inline constexpr std::int64_t kApplicationId = 0x7772726e;

// Takes a database from one version to the next; the first from nothing to version 1.
struct Migration {
  const char* sql;
};

[[nodiscard]] std::span<const Migration> migrations() noexcept;

// Brings `database`, which lies at `path`, to the version that `steps` end at, all of them in one
// transaction. Before an older database is changed, a copy of it is left at `path`.v<old version>.
// Fails with kFailedPrecondition on a newer version and on a database of another program.
[[nodiscard]] Result<> migrate(Database& database, const std::filesystem::path& path,
                               std::span<const Migration> steps);

}  // namespace warren::store
