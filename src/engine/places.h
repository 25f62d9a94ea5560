// SPDX-License-Identifier: Apache-2.0
//
// The engine's directories, its lock, and its socket.

#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/config.h"
#include "os/unique_fd.h"

namespace warren::engine {

struct Places {
  std::filesystem::path state_dir;
  std::filesystem::path runtime_dir;
};

// Who can reach the socket. What they may ask of the engine is decided for each call.
struct Audience {
  std::string group = {};            // Where there is one of that name.
  std::string viewers = {};          // The same; these are let in by an access list.
  bool everybody = false;            // Users without a role are served as well.
  std::optional<gid_t> number = {};  // A group that needs no name, instead of `group`.
};

[[nodiscard]] Audience audience_of(const Config& config);

// Makes the directories that are missing, the state's for root alone and the other for the
// audience. One that exists is left as it is, and refused when it cannot be written, belongs to
// another user, or can be written by others.
[[nodiscard]] Result<> prepare(const Places& places, const Audience& audience);

// The same for one directory with a socket.
[[nodiscard]] Result<> prepare_runtime(const std::filesystem::path& directory,
                                       const Audience& audience);

// Held for as long as an engine lives: nobody else uses its directories.
struct Locks {
  os::UniqueFd state;
  os::UniqueFd runtime;
};

// Takes engine.lock in each of the directories. Fails with kAlreadyExists when another engine has
// one of them.
[[nodiscard]] Result<Locks> lock(const Places& places);

// Listens on `runtime_dir`/engine.sock. The caller holds the lock, so that a socket that is found
// there belongs to nobody.
[[nodiscard]] Result<os::UniqueFd> listen_in(const std::filesystem::path& runtime_dir,
                                             const Audience& audience);

}  // namespace warren::engine
