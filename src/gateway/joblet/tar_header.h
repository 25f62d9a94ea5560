// SPDX-License-Identifier: Apache-2.0
//
// What stands before and behind each file in a tar archive, as of pax(1). Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/duration.h"
#include "gateway/joblet/upload_walk.h"

namespace warren::gateway {

// What comes before the content of `upload`, whose size it tells.
[[nodiscard]] std::string tar_header(const Upload& upload, Timestamp modified);

// What comes behind a content of `size` bytes.
[[nodiscard]] std::string_view tar_padding(std::size_t size) noexcept;

// What comes behind the last one: without it an archive is not whole.
[[nodiscard]] std::string_view tar_end() noexcept;

}  // namespace warren::gateway
