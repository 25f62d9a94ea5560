// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>

#include "base/size.h"

namespace warren::plan {

// /proc/meminfo (proc(5)) of a machine that has this much memory and swap, all of it free. Every
// line that programs are known to read is there.
[[nodiscard]] std::string meminfo_of(Bytes memory, Bytes swap);

}  // namespace warren::plan
