// SPDX-License-Identifier: Apache-2.0
//
// Files and directories for a job of a Joblet, which travel within the request for it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/result.h"
#include "client/upload.h"
#include "joblet/v2_11.pb.h"

namespace warren::client {

struct UploadCount {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
};

// Hears after each file how much has been read, and of how much.
using UploadProgress = std::function<void(const UploadCount& read, const UploadCount& all)>;

// Reads all that `sources` name into `request` and says how much that was. Sizes are checked before
// anything is read. The protocol has no symbolic links: one that leads to a file of the same
// directory becomes a copy of that file, any other is kInvalidArgument.
[[nodiscard]] Result<UploadCount> add_uploads(const UploadSources& sources,
                                              const UploadProgress& progress,
                                              face::joblet::v2_11::RunJobReq& request);

}  // namespace warren::client
