// SPDX-License-Identifier: Apache-2.0
//
// What scripts read: nodes and the rest of the API's answers as JSON, with the keys of
// docs/reference/cli.md in their order. Times are RFC 3339 or null.

#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "warren/v1/engine.pb.h"

namespace warren::client {

[[nodiscard]] nlohmann::ordered_json node_to_json(const v1::Node& node);
// Only these fields, in their order; all when `fields` is empty. Fails on an unknown name.
[[nodiscard]] Result<nlohmann::ordered_json> node_to_json(const v1::Node& node,
                                                          const std::vector<std::string>& fields);
// The view of a list that has all of these fields of each node; without any, they are all meant.
[[nodiscard]] v1::ListRequest::View view_of(const std::vector<std::string>& fields);
[[nodiscard]] nlohmann::ordered_json event_to_json(const v1::NodeEvent& event);
[[nodiscard]] nlohmann::ordered_json stats_to_json(const v1::StatsEvent& event);
[[nodiscard]] nlohmann::ordered_json doctor_to_json(const v1::DoctorReply& reply);

// Microseconds since 1970 as text; null for 0.
[[nodiscard]] nlohmann::ordered_json time_to_json(std::int64_t microseconds);

}  // namespace warren::client
