// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cgroup/cgroup.h"
#include "cgroup/group_name.h"
#include "cgroup/hybrid_tree.h"
#include "cgroup/unified_tree.h"
#include "os/context.h"
#include "os/text_file.h"

namespace warren::cgroup {
namespace {

Result<std::string> read_proc(const char* path) {
  return os::context(os::read_text(AT_FDCWD, path), "reading {}", path);
}

// Once a controller is used by version 1, the unified hierarchy does not have it.
bool is_hybrid(const Layout& layout) {
  constexpr std::array<std::string_view, 3> kControllers{"memory", "cpu", "pids"};
  return !layout.unified || std::ranges::any_of(kControllers, [&](std::string_view name) {
    return layout.legacy_with(name) != nullptr;
  });
}

}  // namespace

Result<Parent> own_parent(std::optional<std::string> root) {
  return Parent{.cgroups = WARREN_TRY(read_proc("/proc/self/cgroup")), .root = std::move(root)};
}

Result<std::unique_ptr<Tree>> Tree::open(std::string_view tag, const Parent& parent) {
  const std::string name = fmt::format("warren-{}", tag);
  WARREN_TRY(validate_component(name));
  const std::string mounts = WARREN_TRY(read_proc("/proc/self/mountinfo"));
  const Layout layout = WARREN_TRY(parse_layout(parent.cgroups, mounts, parent.root));
  return is_hybrid(layout) ? HybridTree::open(layout, name) : UnifiedTree::open(layout, name);
}

}  // namespace warren::cgroup
