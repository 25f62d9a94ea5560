// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/jobs.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/co_try.h"
#include "base/quote.h"
#include "face/joblet.h"
#include "face/joblet_request.h"
#include "gateway/exchange.h"
#include "gateway/output_reader.h"
#include "joblet/v2_10.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kLargestChunk = std::size_t{64} << 10;

// Less than the ten seconds after which Joblet's own clients give up on a stop.
constexpr std::chrono::milliseconds kGrace{5000};

std::unexpected<Error> no_such_job(std::string_view id) {
  return fail(Errc::kNotFound, "there is no job {}", quote(id));
}

awaitable<Result<v1::Node>> get(Engine engine, std::string id) {
  v1::NodeRequest request;
  request.set_node(id);
  Result<v1::Node> job = co_await ask<v1::Node>(std::move(engine), wire::kGet, request);
  if (!job && job.error().code == Errc::kNotFound) co_return no_such_job(id);
  co_return job;
}

awaitable<Result<>> send_chunk(Stream& client, std::string bytes) {
  face::joblet::v2_10::DataChunk chunk;
  chunk.set_payload(std::move(bytes));
  co_return co_await client.write(chunk.SerializeAsString());
}

// What is missing of a job that never ran is no error.
awaitable<Result<>> explain_missing_log(Engine engine, std::string id, Error error) {
  WARREN_CO_TRY(const v1::Node job, co_await get(std::move(engine), std::move(id)));
  const bool never_ran =
      face::joblet::has_ended(face::joblet::status_of(job)) && job.started_at() == 0;
  if (never_ran) co_return Result<>{};
  co_return std::unexpected(std::move(error));
}

}  // namespace

awaitable<Result<v1::Node>> find_numbered(Engine engine, std::string id) {
  if (!face::joblet::is_number(id)) co_return no_such_job(id);
  WARREN_CO_TRY(v1::Node job, co_await get(std::move(engine), id));
  if (std::to_string(job.seq()) != id) co_return no_such_job(id);
  co_return job;
}

awaitable<Result<v1::Node>> find_by_uuid(Engine engine, std::string uuid) {
  if (!face::joblet::is_uuid_start(uuid)) co_return no_such_job(uuid);
  WARREN_CO_TRY(v1::Node job, co_await get(std::move(engine), uuid));
  if (!job.id().starts_with(uuid) || job.kind() != "process") co_return no_such_job(uuid);
  co_return job;
}

awaitable<Result<v1::Node>> stop_job(Engine engine, std::string id) {
  v1::StopRequest request;
  request.set_node(std::move(id));
  request.set_grace_ms(kGrace.count());
  co_return co_await ask<v1::Node>(std::move(engine), wire::kStop, request);
}

awaitable<Result<std::vector<v1::Node>>> list_jobs(Engine engine, std::vector<std::string> states) {
  v1::ListRequest request;
  for (std::string& state : states) request.add_states(std::move(state));
  const std::unique_ptr<wire::AsyncCall> call =
      engine->open(wire::kList, request.SerializeAsString());
  std::vector<v1::Node> jobs;
  for (;;) {
    WARREN_CO_TRY(const std::optional<wire::AsyncMessage> message, co_await call->next());
    if (!message) co_return jobs;
    v1::ListReply part;
    if (!part.ParseFromString(message->bytes)) {
      co_return fail(Errc::kInternal, "List: the engine's answer is malformed");
    }
    for (v1::Node& node : *part.mutable_nodes()) {
      if (node.kind() == "process") jobs.push_back(std::move(node));
    }
  }
}

awaitable<Result<>> send_log(Engine engine, v1::Node job, Stream& client) {
  if (job.state() == "SCHEDULED") {
    WARREN_CO_TRY(co_await send_chunk(
        client,
        fmt::format("Job is scheduled for: {}\n", face::joblet::time_text(job.scheduled_at()))));
  }
  constexpr bool kFollow = true;
  Result<std::unique_ptr<LogSource>> opened =
      co_await LogSource::open(engine, job.id(), kFollow, output::LogOptions());
  if (!opened) co_return co_await explain_missing_log(engine, job.id(), opened.error());
  const std::unique_ptr<LogSource> log = *std::move(opened);
  for (;;) {
    WARREN_CO_TRY(std::optional<OutputPiece> piece, co_await log->next(kLargestChunk));
    if (!piece) co_return Result<>{};
    WARREN_CO_TRY(co_await send_chunk(client, std::move(piece->bytes)));
  }
}

}  // namespace warren::gateway
