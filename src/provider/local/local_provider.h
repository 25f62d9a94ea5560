// SPDX-License-Identifier: Apache-2.0
//
// Sandboxes on this machine, made by warren-init.

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "plan/launch_plan.h"
#include "provider/provider.h"

namespace warren::provider {

struct LocalOptions {
  std::filesystem::path state_dir;         // Exists, 0700.
  std::filesystem::path runtime_dir;       // Exists.
  std::optional<std::string> cgroup_root;  // Parent of the engine's cgroup; absent: where it runs.
  std::string pool = "auto";               // "auto", "btrfs" or "directory".
  // Tests take a defence out of every plan here, to see that its attack then succeeds. Empty
  // otherwise.
  std::function<void(plan::LaunchPlan&)> amend_plan = {};
};

// Opens pools and cgroups. Everything that is slow happens later, on the provider's own threads.
[[nodiscard]] Result<std::unique_ptr<Provider>> create_local(const LocalOptions& options);

}  // namespace warren::provider
