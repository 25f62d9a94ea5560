// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

#include "os/errno.h"

namespace warren::os {

// The path of one of Warren's programs: in the directory of this one (/proc/self/exe), or where
// installed programs are, for this one may be a copy that went elsewhere alone. ENOENT when it is
// nowhere.
[[nodiscard]] KernelResult<std::string> find_program(std::string_view name);

}  // namespace warren::os
