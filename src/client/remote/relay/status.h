// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <grpcpp/support/status.h>

#include "base/result.h"

namespace warren::relay {

// What the status of a call is here. Codes that no engine gives have the nearest of ours.
[[nodiscard]] Result<> to_result(const grpc::Status& status);

}  // namespace warren::relay
