// SPDX-License-Identifier: Apache-2.0
//
// Where an engine has its cgroups, for the next one with the same state directory: that one may be
// started from another cgroup, by another user's session or by a service, and has to find the
// sandboxes that are still there.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cgroup/cgroup.h"

namespace warren::provider {

// Opens the tree of the engine whose state is in `state_dir`: below `root`, or where this process
// is; but where an earlier engine had it, for as long as groups are left there. Which of them it
// is stays in `state_dir`/cgroups.
[[nodiscard]] Result<std::unique_ptr<cgroup::Tree>> open_cgroups(
    const std::filesystem::path& state_dir, std::string_view tag,
    const std::optional<std::string>& root);

// A line with the root, empty where there is none, and the others behind it.
[[nodiscard]] std::string to_text(const cgroup::Parent& parent);
[[nodiscard]] cgroup::Parent parse_parent(std::string_view text);

}  // namespace warren::provider
