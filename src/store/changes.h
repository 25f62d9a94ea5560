// SPDX-License-Identifier: Apache-2.0
//
// What each Change does to the tables. Runs inside a transaction of the caller.

#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace warren::store {

[[nodiscard]] Result<> apply_batch(Database& database, const Batch& batch);

// Store::prune().
[[nodiscard]] Result<> prune(Database& database, Timestamp keys_before, std::uint64_t keep_events);

// The lowest number that no row has or has ever had.
[[nodiscard]] Result<std::uint64_t> next_seq(Database& database);
[[nodiscard]] Result<std::uint64_t> next_event(Database& database);

}  // namespace warren::store
