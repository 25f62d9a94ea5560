// SPDX-License-Identifier: Apache-2.0
//
// RunJob of any generation: a request with its uploads becomes a job.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/co_try.h"
#include "base/result.h"
#include "face/joblet_request.h"
#include "gateway/joblet/jobs.h"
#include "gateway/joblet/upload_walk.h"
#include "gateway/methods.h"
#include "warren/v1/joblet_name.pb.h"

namespace warren::gateway {

// The moment of this call, with times that name no zone read on this machine's clock.
[[nodiscard]] face::joblet::Clock clock_of_this_machine();

// `number` is that of the message's field `uploads`. Nothing is asked of the engine before all of
// the request has been checked. The caller keeps `client`.
template <typename Message>
[[nodiscard]] boost::asio::awaitable<Result<AcceptedJob>> accept_request(const Request& client,
                                                                         std::uint32_t number) {
  WARREN_CO_TRY(const std::optional<std::string> bytes, co_await client.stream.read());
  if (!bytes) co_return fail(Errc::kInvalidArgument, "there is no request");
  WARREN_CO_TRY(const WalkedRequest walked, walk_uploads(*bytes, number));  // Views of `bytes`.
  Message message;
  v1::JobletName own;
  if (!message.ParseFromString(walked.rest) || !own.ParseFromString(walked.rest)) {
    co_return fail(Errc::kInvalidArgument, "the request is not a valid message");
  }
  WARREN_CO_TRY(v1::Spec spec, face::joblet::spec_of(message));
  WARREN_CO_TRY(const std::optional<v1::Schedule> schedule,
                face::joblet::schedule_of(message.schedule(), clock_of_this_machine()));
  if (schedule) *spec.mutable_schedule() = *schedule;
  spec.set_name(own.name());
  co_return co_await ask_for_job(client.engine, std::move(spec), walked.uploads);
}

// The same, and what has become of the job. Others may send their uploads while it waits.
template <typename Message>
[[nodiscard]] boost::asio::awaitable<Result<v1::Node>> run_request(Request& client,
                                                                   std::uint32_t number) {
  WARREN_CO_TRY(AcceptedJob job, co_await accept_request<Message>(client, number));
  client.permit.reset();
  co_return co_await await_start(client.engine, std::move(job));
}

}  // namespace warren::gateway
