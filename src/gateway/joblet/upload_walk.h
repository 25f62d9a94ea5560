// SPDX-License-Identifier: Apache-2.0
//
// The uploads of a request of Joblet's RunJob, found where they lie: their contents are most of the
// message and are not copied. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "face/joblet_upload.h"

namespace warren::gateway {

using face::joblet::kLargestUpload;
using face::joblet::kLargestUploads;
using face::joblet::kMostUploads;
// Of a request without its uploads.
inline constexpr std::size_t kLargestRest = std::size_t{4} << 20;

struct Upload {
  enum class Type : std::uint8_t {
    kFile,
    kDirectory,
    kLinkToWork,  // A symbolic link to the working directory itself.
  };
  Type type = Type::kFile;
  std::string path;          // As entry_path() returns it; not empty.
  std::string_view content;  // A part of the message.
  std::uint32_t mode = 0;    // The bits of 0777.
  friend bool operator==(const Upload&, const Upload&) = default;
};

struct WalkedRequest {
  std::string rest;  // The message without its uploads, for whoever parses it.
  std::vector<Upload> uploads;
};

// Walks over `message`, whose field `number` is a repeated FileUpload, and which must outlive what
// is found. Fails with kInvalidArgument on what is no message, on a path that leads out of the
// working directory, and on more than the contract allows; it names the path.
//
// A directory with the content face::joblet::kLinkToWork is a link to the working directory.
[[nodiscard]] Result<WalkedRequest> walk_uploads(std::string_view message, std::uint32_t number);

}  // namespace warren::gateway
