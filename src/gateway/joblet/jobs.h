// SPDX-License-Identifier: Apache-2.0
//
// Joblet's jobs in the engine: how they are found, started, listed and followed, whatever the
// generation of the client that asks.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
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

// The job of a whole uuid, or the only one whose uuid begins so; kInvalidArgument names several.
// Names, numbers and ids, which the engine would take, are kNotFound. A start is looked for among
// all jobs that the client may see.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> find_by_uuid(Engine engine,
                                                                    std::string uuid);

// A job that the engine has accepted.
struct AcceptedJob {
  std::string id;
  std::shared_ptr<wire::AsyncCall> start = {};  // Tells of its start; null: nothing does.
};

// Asks for a job, and uploads what it is to find. The caller keeps `uploads`.
[[nodiscard]] boost::asio::awaitable<Result<AcceptedJob>> ask_for_job(
    Engine engine, v1::Spec spec, const std::vector<Upload>& uploads);

// What it has become: running, unless it waits for its time or its turn, or has failed already.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> await_start(Engine engine, AcceptedJob job);

// Ends a job, and waits for that.
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> stop_job(Engine engine, std::string id);

// Gives `take` each job that the client may see in one of `states` (any where there are none), the
// newest first. The caller keeps both.
using TakeJob = std::function<void(const v1::Node&)>;
[[nodiscard]] boost::asio::awaitable<Result<>> list_jobs(Engine engine,
                                                         const v1::ListRequest& asked,
                                                         const TakeJob& take);

// Sends the client all that `job` has written and will write, in the chunks that both generations
// have; of a job that could not be started, why.
[[nodiscard]] boost::asio::awaitable<Result<>> send_log(Engine engine, v1::Node job,
                                                        Stream& client);

}  // namespace warren::gateway
