// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/jobs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>
#include <utility>

#include "base/co_try.h"
#include "base/quote.h"
#include "face/joblet.h"
#include "face/joblet_request.h"
#include "face/joblet_uuid.h"
#include "gateway/exchange.h"
#include "gateway/job_output.h"
#include "joblet/v2_10.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kLargestChunk = std::size_t{64} << 10;
constexpr std::size_t kMostCandidates = 8;  // Of an ambiguous start, in a sentence.

// Less than the ten seconds after which Joblet's own clients give up on a stop.
constexpr std::chrono::milliseconds kGrace{5000};

std::unexpected<Error> no_such_job(std::string_view id) {
  return fail(Errc::kNotFound, "there is no job {}", quote(id));
}

// `name` is what the client calls it.
awaitable<Result<v1::Node>> get(Engine engine, std::string id, std::string name) {
  v1::NodeRequest request;
  request.set_node(std::move(id));
  Result<v1::Node> job = co_await ask<v1::Node>(std::move(engine), wire::kGet, request);
  if (!job && job.error().code == Errc::kNotFound) co_return no_such_job(name);
  co_return job;
}

// The id of the only job whose uuid begins so.
awaitable<Result<std::string>> find_by_start(Engine engine, std::string start) {
  std::vector<std::string> uuids;
  const TakeJob take = [&](const v1::Node& job) {
    std::string uuid = face::joblet::uuid_of(job.id());
    if (uuid.starts_with(start) && uuids.size() < kMostCandidates) uuids.push_back(std::move(uuid));
  };
  const v1::ListRequest all;
  WARREN_CO_TRY(co_await list_jobs(std::move(engine), all, take));
  if (uuids.empty()) co_return no_such_job(start);
  if (uuids.size() > 1) {
    co_return fail(Errc::kInvalidArgument, "{} is the start of several uuids: {}", quote(start),
                   fmt::join(uuids, ", "));
  }
  co_return face::joblet::id_of(uuids.front()).value_or(std::string());
}

awaitable<Result<>> send_chunk(Stream& client, std::string bytes) {
  face::joblet::v2_10::DataChunk chunk;
  chunk.set_payload(std::move(bytes));
  co_return co_await client.write(chunk.SerializeAsString());
}

}  // namespace

awaitable<Result<v1::Node>> find_numbered(Engine engine, std::string id) {
  if (!face::joblet::is_number(id)) co_return no_such_job(id);
  WARREN_CO_TRY(v1::Node job, co_await get(std::move(engine), id, id));
  if (std::to_string(job.seq()) != id) co_return no_such_job(id);
  co_return job;
}

awaitable<Result<v1::Node>> find_by_uuid(Engine engine, std::string uuid) {
  if (!face::joblet::is_uuid_start(uuid)) co_return no_such_job(uuid);
  std::optional<std::string> id = face::joblet::id_of(uuid);
  if (!id) {
    WARREN_CO_TRY(id, co_await find_by_start(engine, uuid));
  }
  WARREN_CO_TRY(v1::Node job, co_await get(std::move(engine), *id, uuid));
  if (job.id() != *id || job.kind() != "process") co_return no_such_job(uuid);
  co_return job;
}

awaitable<Result<v1::Node>> stop_job(Engine engine, std::string id) {
  v1::StopRequest request;
  request.set_node(std::move(id));
  request.set_grace_ms(kGrace.count());
  co_return co_await ask<v1::Node>(std::move(engine), wire::kStop, request);
}

awaitable<Result<>> list_jobs(Engine engine, const v1::ListRequest& asked, const TakeJob& take) {
  const std::unique_ptr<wire::AsyncCall> call =
      engine->open(wire::kList, asked.SerializeAsString());
  for (;;) {
    WARREN_CO_TRY(const std::optional<wire::AsyncMessage> message, co_await call->next());
    if (!message) co_return Result<>{};
    v1::ListReply part;
    if (!part.ParseFromString(message->bytes)) {
      co_return fail(Errc::kInternal, "List: the engine's answer is malformed");
    }
    for (const v1::Node& node : part.nodes()) {
      if (node.kind() == "process") take(node);
    }
  }
}

awaitable<Result<>> send_log(Engine engine, v1::Node job, Stream& client) {
  if (job.state() == "SCHEDULED") {
    WARREN_CO_TRY(co_await send_chunk(
        client,
        fmt::format("Job is scheduled for: {}\n", face::joblet::time_text(job.scheduled_at()))));
  }
  const OutputOrder order{
      .job = job.id(), .options = {}, .largest_chunk = kLargestChunk, .explains = true};
  const SendChunk send = [&client](std::string bytes) {
    return send_chunk(client, std::move(bytes));
  };
  co_return co_await send_output(std::move(engine), order, send);
}

}  // namespace warren::gateway
