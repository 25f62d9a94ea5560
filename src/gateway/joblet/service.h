// SPDX-License-Identifier: Apache-2.0
//
// The rows of Joblet's services, each generation in a file of its own. Private to this folder.

#pragma once

#include <string>
#include <string_view>

#include "gateway/methods.h"

namespace warren::gateway {

// "/joblet.<service>/<name>". A role that may not use it is told the name.
[[nodiscard]] Method joblet_row(std::string_view service, std::string_view name, Handler handler);

// A method that answers UNIMPLEMENTED, with the reason.
[[nodiscard]] Method missing_row(std::string_view service, std::string_view name,
                                 std::string_view reason);

// One that goes through all jobs before it answers.
[[nodiscard]] Method gathering_row(std::string_view service, std::string_view name,
                                   Handler handler);

[[nodiscard]] Methods v2_methods();

// `machine` is what answers call the one that the jobs are on.
[[nodiscard]] Methods uuid_methods(const std::string& machine);

}  // namespace warren::gateway
