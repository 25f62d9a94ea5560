// SPDX-License-Identifier: Apache-2.0
//
// The engine's directories, its lock, and its socket.

#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::engine {

struct Places {
  std::filesystem::path state_dir;    // 0700
  std::filesystem::path runtime_dir;  // 0750, of group `group` where there is one
};

// Makes the directories that are missing, and fails when one cannot be written.
[[nodiscard]] Result<> prepare(const Places& places, const std::string& group);

// Held for as long as an engine lives: nobody else uses its directories.
struct Locks {
  os::UniqueFd state;
  os::UniqueFd runtime;
};

// Takes engine.lock in each of the directories. Fails with kAlreadyExists when another engine has
// one of them.
[[nodiscard]] Result<Locks> lock(const Places& places);

// Listens on `runtime_dir`/engine.sock: 0660, of group `group` where there is one. The caller holds
// the lock, so that a socket that is found there belongs to nobody.
[[nodiscard]] Result<os::UniqueFd> listen_in(const std::filesystem::path& runtime_dir,
                                             const std::string& group);

}  // namespace warren::engine
