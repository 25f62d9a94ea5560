// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

#include "base/result.h"

namespace warren::relay {

// What a person is told of a connection that does not come about, from gRPC's words for it, which
// name the same address several times and its own inner life. Pure.
[[nodiscard]] Error connection_error(std::string_view address, std::string_view words);

}  // namespace warren::relay
