// SPDX-License-Identifier: Apache-2.0
//
// Where the cgroup hierarchies of a host are, read from what the kernel says in
// /proc/self/cgroup and /proc/self/mountinfo (cgroups(7), proc(5)). Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace warren::cgroup {

struct Hierarchy {
  std::vector<std::string> controllers;  // Empty for the unified hierarchy.
  std::string directory;                 // Of the parent of the engine's directory, absolute.
  friend bool operator==(const Hierarchy&, const Hierarchy&) = default;
};

struct Layout {
  std::optional<Hierarchy> unified;
  std::vector<Hierarchy> legacy;  // Version 1, only those with controllers.

  // The version 1 hierarchy with that controller, or null.
  [[nodiscard]] const Hierarchy* legacy_with(std::string_view controller) const noexcept;
  friend bool operator==(const Layout&, const Layout&) = default;
};

// Each directory is the caller's own cgroup or, if `root` is given, `root` below the mount point.
// A hierarchy whose mount does not show the caller's own cgroup is left out. Fails with
// kFailedPrecondition when none is left.
[[nodiscard]] Result<Layout> parse_layout(std::string_view cgroups, std::string_view mountinfo,
                                          const std::optional<std::string>& root);

}  // namespace warren::cgroup
