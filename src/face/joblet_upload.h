// SPDX-License-Identifier: Apache-2.0
//
// What Joblet's clients may upload, all of it within one request.

#pragma once

#include <cstddef>
#include <string_view>

namespace warren::face::joblet {

inline constexpr std::size_t kLargestUpload = std::size_t{50} << 20;
inline constexpr std::size_t kLargestUploads = std::size_t{100} << 20;
inline constexpr std::size_t kMostUploads = 65'536;

// The content of a directory that is to be a symbolic link to the working directory. Clients of
// others send no content with a directory, and ours so give one that was uploaded its own name.
inline constexpr std::string_view kLinkToWork = ".";

}  // namespace warren::face::joblet
