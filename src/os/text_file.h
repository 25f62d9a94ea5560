// SPDX-License-Identifier: Apache-2.0
//
// Small text files of the kernel (cgroup, proc and sys files) as strings. Not for warren-init.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/errno.h"

namespace warren::os {

// The whole of a file of at most 1 MiB; a larger one is EFBIG.
[[nodiscard]] KernelResult<std::string> read_text(int directory, const char* path);

// Opens an existing file and writes `text` with one write(2), as cgroup and proc files need it.
[[nodiscard]] KernelResult<> write_text(int directory, const char* path, std::string_view text);

}  // namespace warren::os
