// SPDX-License-Identifier: Apache-2.0
//
// What clients of systems whose answers have no room for a reason are told of a job that could not
// be started. Pure.

#pragma once

#include <string>

#include "warren/v1/engine.pb.h"

namespace warren::face {

// Why the job could not be started, as a line to stand where its output would; "" for every other
// job.
[[nodiscard]] std::string failure_line(const v1::Node& node);

}  // namespace warren::face
