// SPDX-License-Identifier: Apache-2.0
//
// What was set aside for a sandbox, as text that the engine keeps for its next one: "host" or the
// first of its user ids, and the name of its cgroup where that is not the sandbox's id. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cgroup/cgroup.h"
#include "rootfs/id_ranges.h"

namespace warren::provider {

struct Footprint {
  std::optional<rootfs::IdRange> range;  // None in the host profile.
  cgroup::GroupName group;               // Empty: the sandbox's id, below those that enclose it.
  friend bool operator==(const Footprint&, const Footprint&) = default;
};

[[nodiscard]] std::string to_text(const Footprint& footprint);
[[nodiscard]] Result<Footprint> parse_footprint(std::string_view text);

// "jobs/<id>": the name of a group and that of one in it.
[[nodiscard]] Result<> validate_place(std::string_view group);

}  // namespace warren::provider
