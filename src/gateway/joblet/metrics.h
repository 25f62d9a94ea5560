// SPDX-License-Identifier: Apache-2.0
//
// What jobs use, for the generation of Joblet's clients that asks for it.

#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "gateway/methods.h"

namespace warren::gateway {

// A reading each five seconds until the job has ended.
[[nodiscard]] boost::asio::awaitable<Result<>> stream_job_metrics(Request client);

// The readings that are kept: one, of now or of the end.
[[nodiscard]] boost::asio::awaitable<Result<>> get_job_metrics(Request client);

}  // namespace warren::gateway
