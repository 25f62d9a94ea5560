// SPDX-License-Identifier: Apache-2.0
//
// The call Run as a client begins it, for a job in the foreground or not.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/engine_client.h"
#include "client/upload.h"
#include "os/unique_fd.h"

namespace warren::client {

// Opens the call. An engine elsewhere is also told what to send instead of descriptors.
[[nodiscard]] Result<wire::CallId> open_run(wire::ClientChannel& channel, const EnginePlace& place,
                                            v1::RunRequest request);

// The next descriptor of those that came with an answer, in their agreed order.
[[nodiscard]] Result<os::UniqueFd> take_next(std::vector<os::UniqueFd>& descriptors,
                                             std::size_t& next);

// Writes the archive into the job's pipe. A job whose files do not all arrive must not start: it is
// stopped while it still waits for them.
[[nodiscard]] Result<> send_uploads(wire::ClientChannel& channel, const std::string& id,
                                    const std::vector<UploadEntry>& uploads,
                                    const os::UniqueFd& pipe);

}  // namespace warren::client
