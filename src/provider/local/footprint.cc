// SPDX-License-Identifier: Apache-2.0

#include "provider/local/footprint.h"

#include <algorithm>

#include "base/node_id.h"
#include "cgroup/group_name.h"

namespace warren::provider {
namespace {

constexpr std::string_view kHost = "host";

}  // namespace

Result<> validate_place(std::string_view group) {
  WARREN_TRY(cgroup::validate_group_name(group));
  const auto [base, leaf] = cgroup::split_name(group);
  const bool is_name_of_a_sandbox = NodeId::parse(base).has_value();
  if (std::ranges::count(group, '/') == 1 && !is_name_of_a_sandbox) return {};
  return fail(Errc::kInvalidArgument, "'{}' is no place for a cgroup", group);
}

std::string to_text(const Footprint& footprint) {
  std::string text(kHost);
  if (footprint.range) text = rootfs::to_text(*footprint.range);
  if (!footprint.group.empty()) text += " " + footprint.group;
  return text;
}

Result<Footprint> parse_footprint(std::string_view text) {
  Footprint footprint;
  const std::size_t space = text.find(' ');
  const std::string_view range = text.substr(0, space);
  if (range != kHost) footprint.range = WARREN_TRY(rootfs::parse_id_range(range));
  if (space == std::string_view::npos) return footprint;
  footprint.group = text.substr(space + 1);
  WARREN_TRY(validate_place(footprint.group));
  return footprint;
}

}  // namespace warren::provider
