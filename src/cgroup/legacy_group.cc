// SPDX-License-Identifier: Apache-2.0

#include "cgroup/legacy_group.h"

#include <algorithm>
#include <array>

#include "cgroup/group_name.h"
#include "cgroup/values.h"

namespace warren::cgroup {
namespace {

constexpr std::array<std::string_view, 6> kControllers{"memory", "cpu",    "cpuacct",
                                                       "pids",   "cpuset", "blkio"};

bool is_needed(std::string_view controller, const model::Limits& limits) noexcept {
  if (controller == "cpuset") return !limits.cores.cores.empty();
  return true;
}

Result<> inherit_file(const GroupDirectory& from, const GroupDirectory& to, const char* effective,
                      const char* file) {
  // What a former engine left is filled and may be in use.
  const std::string present = WARREN_TRY(to.read(file));
  if (present.find_first_not_of(" \n") != std::string::npos) return {};
  const std::string inherited = WARREN_TRY(from.read(effective));
  return to.write(file, inherited);
}

}  // namespace

bool needs_group(const Branch& branch, const model::Limits& limits) noexcept {
  return std::ranges::any_of(kControllers, [&](std::string_view controller) {
    return branch.has_controller(controller) && is_needed(controller, limits);
  });
}

Result<> inherit_cpuset(const GroupDirectory& from, const GroupDirectory& to) {
  if (auto cpus = inherit_file(from, to, "cpuset.effective_cpus", "cpuset.cpus"); !cpus)
    return cpus;
  return inherit_file(from, to, "cpuset.effective_mems", "cpuset.mems");
}

Result<> make_legacy_group(const Branch& branch, const std::string& name) {
  if (auto made = branch.engine().make_child(name); !made) return made;
  if (!branch.has_controller("cpuset")) return {};
  const std::string parent(split_name(name).parent);
  const auto group = WARREN_TRY(branch.group(name));
  if (parent.empty()) return inherit_cpuset(branch.engine(), group);
  const auto above = WARREN_TRY(branch.group(parent));
  return inherit_cpuset(above, group);
}

Result<> ensure_legacy_group(const Branch& branch, const std::string& name) {
  auto made = make_legacy_group(branch, name);
  if (!made && made.error().code == Errc::kAlreadyExists) return {};
  return made;
}

Result<> limit_legacy_group(const Branch& branch, const std::string& name,
                            const LegacyLimits& limits) {
  for (const std::string_view controller : kControllers) {
    if (!branch.has_controller(controller)) continue;
    for (const FileValue& value : legacy_values(controller, limits.limits, limits.disk)) {
      const std::string file = fmt::format("{}/{}", name, value.file);
      auto written = branch.engine().write(file.c_str(), value.text);
      if (written || (value.optional && written.error().code == Errc::kNotFound)) continue;
      return written;
    }
  }
  return {};
}

}  // namespace warren::cgroup
