// SPDX-License-Identifier: Apache-2.0
//
// Uploads on their way to the engine, as one tar archive.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "base/result.h"
#include "gateway/joblet/upload_walk.h"
#include "os/unique_fd.h"

namespace warren::gateway {

// Writes the archive to `pipe` as that takes it and closes it. Fails with kUnavailable when nobody
// reads any more; what it has written then is no whole archive. SIGPIPE must be ignored.
[[nodiscard]] boost::asio::awaitable<Result<>> send_archive(os::UniqueFd pipe,
                                                            const std::vector<Upload>& uploads);

}  // namespace warren::gateway
