// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"

namespace warren::provider {

// Compiles plan/seccomp_profile.h into a filter, an array of struct sock_filter. Takes
// milliseconds; done once for an engine. Other ABIs of the machine (32-bit, x32) get ENOSYS for
// everything.
[[nodiscard]] Result<std::vector<std::byte>> compile_seccomp_filter();

}  // namespace warren::provider
