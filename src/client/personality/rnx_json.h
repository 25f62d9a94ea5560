// SPDX-License-Identifier: Apache-2.0
//
// Jobs of a Joblet as JSON, with the names that its protocol has for their fields.

#pragma once

#include <nlohmann/json_fwd.hpp>

#include "joblet/v2_10.pb.h"

namespace warren::client {

[[nodiscard]] nlohmann::ordered_json jobs_to_json(const face::joblet::v2_10::Jobs& jobs);
[[nodiscard]] nlohmann::ordered_json status_to_json(
    const face::joblet::v2_10::GetJobStatusRes& job);

}  // namespace warren::client
