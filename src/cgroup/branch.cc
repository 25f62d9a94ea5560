// SPDX-License-Identifier: Apache-2.0

#include "cgroup/branch.h"

#include <algorithm>

#include "cgroup/group_name.h"

namespace warren::cgroup {

Result<Branch> Branch::open(const Hierarchy& hierarchy, const std::string& name) {
  auto parent = WARREN_TRY(GroupDirectory::open(hierarchy.directory));
  WARREN_TRY(parent.ensure_child(name));
  auto engine = WARREN_TRY(parent.open_child(name));
  return Branch(hierarchy.controllers, std::move(parent), std::move(engine));
}

bool Branch::has_controller(std::string_view controller) const noexcept {
  return std::ranges::find(controllers_, controller) != controllers_.end();
}

Result<GroupDirectory> Branch::group(std::string_view name) const {
  WARREN_TRY(validate_group_name(name));
  return engine_.open_child(name);
}

Result<std::vector<std::string>> Branch::groups() const {
  std::vector<std::string> names;
  WARREN_TRY(add_groups(engine_, "", names));
  return names;
}

Result<> Branch::add_groups(const GroupDirectory& directory, const std::string& prefix,
                            std::vector<std::string>& names) {
  const auto children = WARREN_TRY(directory.children());
  for (const std::string& child : children) {
    if (!validate_component(child)) continue;
    names.push_back(prefix + child);
    const auto group = directory.open_child(child);
    if (!group) continue;  // It was removed meanwhile.
    WARREN_TRY(add_groups(*group, names.back() + '/', names));
  }
  return {};
}

Result<> Branch::remove() const {
  if (auto removed = engine_.remove_child(kInitLeaf); !removed) return removed;
  const std::string& path = engine_.path();
  return parent_.remove_child(std::string_view(path).substr(path.rfind('/') + 1));
}

}  // namespace warren::cgroup
