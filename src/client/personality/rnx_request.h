// SPDX-License-Identifier: Apache-2.0
//
// What `rnx run` asks a Joblet for. Pure.

#pragma once

#include <string>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "client/personality/rnx_flags.h"
#include "joblet/v2_11.pb.h"

namespace warren::client {

// The present moment, and whose clock a time without a zone is read on.
struct RnxClock {
  Timestamp now;
  Result<Timestamp> (*resolve)(LocalTimestamp);
};

// Without the uploads. A schedule of any form becomes RFC 3339 in UTC with milliseconds, which
// every server reads and which is not over before it arrives.
[[nodiscard]] Result<face::joblet::v2_11::RunJobReq> make_run_request(
    const RnxFlags& flags, const std::vector<std::string>& command, const RnxClock& clock);

}  // namespace warren::client
