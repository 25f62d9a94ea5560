// SPDX-License-Identifier: Apache-2.0
//
// Joblet's jobs in the engine: how they are found, started, listed and followed, whatever the
// generation of the client that asks.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/joblet/upload_walk.h"
#include "gateway/stream.h"
#include "warren/v1/engine.pb.h"
#include "wire/async_channel.h"

namespace warren::gateway {

using Engine = std::shared_ptr<wire::AsyncChannel>;

// The job whose id is a number. Any other text, and the number of none, is kNotFound.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> find_numbered(Engine engine, std::string id);

// The job of a whole uuid, or of the start of one. Names and numbers, which the engine would take
// as well, are kNotFound.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> find_by_uuid(Engine engine,
                                                                    std::string uuid);

// Starts a job and gives what it has become: running, unless it waits for its time or its turn, or
// has failed already. With uploads it is told once they are there. The caller keeps `uploads`.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> start_job(
    Engine engine, v1::Spec spec, const std::vector<Upload>& uploads);

// Ends a job, and waits for that.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> stop_job(Engine engine, std::string id);

// All jobs that the client may see in one of `states` (all where there are none), the newest first.
[[nodiscard]] boost::asio::awaitable<Result<std::vector<v1::Node>>> list_jobs(
    Engine engine, std::vector<std::string> states = {});

// Sends the client all that `job` has written and will write, in the chunks that both generations
// have.
[[nodiscard]] boost::asio::awaitable<Result<>> send_log(Engine engine, v1::Node job,
                                                        Stream& client);

}  // namespace warren::gateway
