// SPDX-License-Identifier: Apache-2.0
//
// Who keeps an engine running: <runtime dir>/serve.pid tells it to whoever would start an engine
// while that one has yet to start it again, and to whoever ends one and wants to know when all that
// served with it has ended.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::client {

struct Keeper {
  pid_t pid;
  os::UniqueFd process;  // Ready to poll(2) once it has ended.
};

// The program that keeps an engine with this directory running, whether the engine runs now or is
// about to be started again. Absent where nobody does.
[[nodiscard]] std::optional<Keeper> find_keeper(const std::string& runtime_dir);

// Fails with kAlreadyExists, and names it, where somebody else does.
[[nodiscard]] Result<> require_no_keeper(const std::string& runtime_dir);

// That it is this program, until stop_keeping().
[[nodiscard]] Result<> begin_keeping(const std::string& runtime_dir);
void stop_keeping(const std::string& runtime_dir) noexcept;

}  // namespace warren::client
