// SPDX-License-Identifier: Apache-2.0
//
// Jobs as Joblet's clients know them: states, exit codes, times, the answers about one job. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "joblet/uuid.pb.h"
#include "joblet/v2_10.pb.h"
#include "warren/v1/engine.pb.h"

namespace warren::face::joblet {

// What stands for each value of a variable.
inline constexpr std::string_view kMask = "********";

// The label of a job that names its secret variables, separated by commas.
inline constexpr std::string_view kSecretsLabel = "joblet.secrets";

// SCHEDULED, INITIALIZING, RUNNING, COMPLETED, FAILED or STOPPED.
[[nodiscard]] std::string_view status_of(const v1::Node& node) noexcept;

// Whether a job of this status has ended.
[[nodiscard]] bool has_ended(std::string_view status) noexcept;

// 0 while it lives, -1 when it was stopped.
[[nodiscard]] std::int32_t exit_code_of(const v1::Node& node) noexcept;

// RFC 3339 in UTC without a fraction of the second: what clients of every generation can read. ""
// for 0, which is no time.
[[nodiscard]] std::string time_text(std::int64_t microseconds);

// Job, RunJobRes and GetJobStatusRes of v2.10 have the same fields.
template <typename Message>
[[nodiscard]] Message job_of(const v1::Node& node);

[[nodiscard]] v2_10::StopJobRes stopped_job(const v1::Node& node);

// `machine` is the one that the job is on.
[[nodiscard]] uuid::Job uuid_job_of(const v1::Node& node, const std::string& machine);
[[nodiscard]] uuid::GetJobStatusResponse uuid_status_of(const v1::Node& node,
                                                        const std::string& machine);
[[nodiscard]] uuid::StopJobResponse stopped_uuid_job(const v1::Node& node);

}  // namespace warren::face::joblet
