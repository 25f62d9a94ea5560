// SPDX-License-Identifier: Apache-2.0
//
// Sandboxes on this machine, made by warren-init.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "provider/provider.h"

namespace warren::provider {

struct LocalOptions {
  std::filesystem::path state_dir;         // Exists, 0700.
  std::filesystem::path runtime_dir;       // Exists.
  std::optional<std::string> cgroup_root;  // Parent of the engine's cgroup; absent: where it runs.
  std::string pool = "auto";               // "auto", "btrfs" or "directory".
  std::uint32_t timeout_seconds = 30;  // After which a start that does not come about has failed.
};

// Opens pools and cgroups. Everything that is slow happens later, on the provider's own threads.
[[nodiscard]] Result<std::unique_ptr<Provider>> create_local(const LocalOptions& options);

}  // namespace warren::provider
