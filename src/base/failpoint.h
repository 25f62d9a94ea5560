// SPDX-License-Identifier: Apache-2.0
//
// Named places where a fault test kills the program, so that recovery is tried at each of them. A
// program built without WARREN_FAILPOINTS contains none of it.

#pragma once

#include <string_view>

namespace warren {

#ifdef WARREN_FAILPOINTS
// Raises SIGKILL on its own process when WARREN_FAILPOINT is "<name>" or "<name>:<n>" and this is
// the n-th time (the first without a number) that the place is reached.
void failpoint(std::string_view name) noexcept;
#else
constexpr void failpoint(std::string_view /*name*/) noexcept {}
#endif

}  // namespace warren
