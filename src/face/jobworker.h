// SPDX-License-Identifier: Apache-2.0
//
// Jobs as JobWorker's clients know them: limits, statuses, exit codes. Pure.

#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "jobworker/v1/jobworker.pb.h"
#include "warren/v1/engine.pb.h"

namespace warren::face::jobworker {

namespace proto = ::jobworker::v1;

// Of jobs that have no exit code of their own.
inline constexpr std::int32_t kUnknown = -10;
inline constexpr std::int32_t kNotStarted = -11;
inline constexpr std::int32_t kNoCgroup = -12;
inline constexpr std::int32_t kKilled = -13;

// What a request that says nothing gets.
inline constexpr std::string_view kUsualCpu = "500m";
inline constexpr std::string_view kUsualMemory = "100M";
inline constexpr std::string_view kUsualIoClass = "low";

// Native limits for JobWorker's texts, of which an empty one is the usual. A part of a percent of a
// core counts as a whole one. Fails with kInvalidArgument, naming the field.
[[nodiscard]] Result<v1::Limits> limits_of(const proto::ResourceLimits& limits);

// What the engine has to be asked for: the command on the host itself, as nobody, with nothing in
// its environment but a PATH. Fails with kInvalidArgument, naming the field.
[[nodiscard]] Result<v1::Spec> spec_of(const proto::StartJobRequest& request);

// What the engine says of a limit of such a job, about the field that it came from.
[[nodiscard]] Error about_field(Error error);

// What the gateway says of such a field, about the flag of jobctl that it was sent for.
[[nodiscard]] Error about_flag(Error error);

[[nodiscard]] proto::JobMetadata metadata_of(const v1::Node& node);

}  // namespace warren::face::jobworker
