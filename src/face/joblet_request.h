// SPDX-License-Identifier: Apache-2.0
//
// What Joblet's clients ask for, as Warren's own requests. Pure. Limits that a request leaves out
// stay so: the engine completes them by what faces.joblet says.

#pragma once

#include <optional>
#include <string_view>

#include "base/duration.h"
#include "base/result.h"
#include "joblet/uuid.pb.h"
#include "joblet/v2_11.pb.h"
#include "warren/v1/engine.pb.h"

namespace warren::face::joblet {

// The present moment, and whose clock a time without a zone is read on.
struct Clock {
  Timestamp now;
  Result<Timestamp> (*resolve)(LocalTimestamp);
};

// Without the uploads, and without the schedule. A field that this version does not serve fails
// with kFailedPrecondition, a limit that is none with kInvalidArgument. Both generations of v2 are
// read as v2.11.
[[nodiscard]] Result<v1::Spec> spec_of(const v2_11::RunJobReq& request);
[[nodiscard]] Result<v1::Spec> spec_of(const uuid::RunJobRequest& request);

// Nothing for no text. A time of the last five seconds means now: that long the request may have
// been under way. Fails with kInvalidArgument on an earlier one, and on what is no time.
[[nodiscard]] Result<std::optional<v1::Schedule>> schedule_of(std::string_view text,
                                                              const Clock& clock);

// Whether `id` can be that of a job of v2: a decimal without a zero in front.
[[nodiscard]] bool is_number(std::string_view id) noexcept;

}  // namespace warren::face::joblet
