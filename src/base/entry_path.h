// SPDX-License-Identifier: Apache-2.0
//
// Names inside archives, as their authors wrote them. Pure.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace warren {

// The name relative to where the archive is unpacked, without "." components and doubled slashes:
// "./a//b/" is "a/b", and "./" is "". Fails on an absolute name, on "..", and on one that no file
// can have.
[[nodiscard]] Result<std::string> entry_path(std::string_view name);

}  // namespace warren
