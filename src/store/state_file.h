// SPDX-License-Identifier: Apache-2.0
//
// state.db before the engine relies on it: created, checked, set aside when it is corrupt, brought
// up to date.

#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace warren::store {

[[nodiscard]] std::filesystem::path state_path(const std::filesystem::path& directory);

// Does what Store::open() promises about the file, and says where a corrupt one went. Reads the
// whole file only when a corrupt page has been met before, or after an unclean end when it is
// small: any other file opens in a few milliseconds whatever its size.
using SetAside = std::optional<std::filesystem::path>;
[[nodiscard]] Result<SetAside> prepare_state_file(const std::filesystem::path& directory,
                                                  std::span<const Migration> steps = migrations());

// The databases that were set aside here and have not been moved away since, oldest first.
[[nodiscard]] std::vector<std::filesystem::path> databases_set_aside(
    const std::filesystem::path& directory);

// A connection to a file that has been prepared.
[[nodiscard]] Result<Database> connect(const std::filesystem::path& path, Durability durability);

}  // namespace warren::store
