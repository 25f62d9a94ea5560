// SPDX-License-Identifier: Apache-2.0
//
// Who keeps an engine running: <runtime dir>/serve.pid tells it to whoever ends that engine and
// wants to know when all that served with it has ended.

#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::client {

// That it is this program, until stop_keeping().
[[nodiscard]] Result<> begin_keeping(const std::string& runtime_dir);
void stop_keeping(const std::string& runtime_dir) noexcept;

// The program that keeps the engine `engine`, ready to poll(2) once it has ended; absent where
// nobody does.
[[nodiscard]] std::optional<os::UniqueFd> find_keeper(const std::string& runtime_dir, pid_t engine);

}  // namespace warren::client
