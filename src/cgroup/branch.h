// SPDX-License-Identifier: Apache-2.0
//
// The engine's part of one hierarchy: its directory "warren-<tag>" and the groups in it.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cgroup/group_directory.h"
#include "cgroup/layout.h"

namespace warren::cgroup {

class Branch {
 public:
  // Makes the engine's directory, or takes over the one a former engine left.
  [[nodiscard]] static Result<Branch> open(const Hierarchy& hierarchy, const std::string& name);

  [[nodiscard]] bool has_controller(std::string_view controller) const noexcept;
  [[nodiscard]] const GroupDirectory& parent() const noexcept { return parent_; }
  [[nodiscard]] const GroupDirectory& engine() const noexcept { return engine_; }

  [[nodiscard]] Result<GroupDirectory> group(std::string_view name) const;
  // By their names, each before those below it; the leaves `init` and `main` are no groups.
  [[nodiscard]] Result<std::vector<std::string>> groups() const;
  // Removes the engine's directory, which must have no group left but an empty `init`.
  [[nodiscard]] Result<> remove() const;

 private:
  static Result<> add_groups(const GroupDirectory& directory, const std::string& prefix,
                             std::vector<std::string>& names);

  Branch(std::vector<std::string> controllers, GroupDirectory parent, GroupDirectory engine)
      : controllers_(std::move(controllers)),
        parent_(std::move(parent)),
        engine_(std::move(engine)) {}

  std::vector<std::string> controllers_;
  GroupDirectory parent_;
  GroupDirectory engine_;
};

}  // namespace warren::cgroup
