// SPDX-License-Identifier: Apache-2.0

#include "gateway/jobworker/jobworker_methods.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/co_try.h"
#include "base/node_id.h"
#include "base/quote.h"
#include "face/jobworker.h"
#include "gateway/exchange.h"
#include "gateway/job_output.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

namespace jobworker = face::jobworker;
namespace proto = face::jobworker::proto;

using boost::asio::awaitable;

constexpr std::size_t kLargestChunk = std::size_t{32} << 10;

// Less than the ten seconds after which a client gives up on a call.
constexpr std::chrono::milliseconds kGrace{5000};

std::unexpected<Error> no_such_job(std::string_view id) {
  return fail(Errc::kNotFound, "there is no job {}", quote(id));
}

// A job by its whole id: the engine would take other names, which this protocol does not have.
awaitable<Result<v1::Node>> find_job(std::shared_ptr<wire::AsyncChannel> engine, std::string id) {
  if (id.empty()) co_return fail(Errc::kInvalidArgument, "job_id: there is none");
  if (!NodeId::parse(id)) co_return no_such_job(id);
  v1::NodeRequest request;
  request.set_node(id);
  Result<v1::Node> node = co_await ask<v1::Node>(std::move(engine), wire::kGet, request);
  const bool is_missing = node ? node->kind() != "process" : node.error().code == Errc::kNotFound;
  if (is_missing) co_return no_such_job(id);
  co_return node;
}

awaitable<Result<>> start_job(Request client) {
  WARREN_CO_TRY(const proto::StartJobRequest request,
                co_await receive<proto::StartJobRequest>(client.stream));
  v1::RunRequest run;
  WARREN_CO_TRY(*run.mutable_spec(), jobworker::spec_of(request));
  run.set_detach(true);
  const auto started = co_await ask<v1::RunEvent>(client.engine, wire::kRun, run);
  if (!started) co_return std::unexpected(jobworker::about_field(started.error()));
  proto::StartJobResponse response;
  response.set_job_id(started->id());
  co_return co_await client.stream.write(response.SerializeAsString());
}

awaitable<Result<>> get_status(Request client) {
  WARREN_CO_TRY(const proto::GetStatusRequest request,
                co_await receive<proto::GetStatusRequest>(client.stream));
  WARREN_CO_TRY(const v1::Node node, co_await find_job(client.engine, request.job_id()));
  proto::GetStatusResponse response;
  response.set_job_id(node.id());
  *response.mutable_metadata() = jobworker::metadata_of(node);
  co_return co_await client.stream.write(response.SerializeAsString());
}

// The engine answers once the job has ended.
awaitable<Result<>> stop_job(Request client) {
  WARREN_CO_TRY(const proto::StopJobRequest request,
                co_await receive<proto::StopJobRequest>(client.stream));
  WARREN_CO_TRY(const v1::Node job, co_await find_job(client.engine, request.job_id()));
  v1::StopRequest stop;
  stop.set_node(job.id());
  stop.set_grace_ms(kGrace.count());
  WARREN_CO_TRY(const v1::Node stopped, co_await ask<v1::Node>(client.engine, wire::kStop, stop));
  proto::StopJobResponse response;
  *response.mutable_metadata() = jobworker::metadata_of(stopped);
  co_return co_await client.stream.write(response.SerializeAsString());
}

Result<output::LogOptions> options_for(proto::StreamTarget target) {
  output::LogOptions options;
  options.out = target == proto::STREAM_TARGET_STDOUT || target == proto::STREAM_TARGET_UNSPECIFIED;
  options.err = target == proto::STREAM_TARGET_STDERR;
  if (options.out || options.err) return options;
  return fail(Errc::kInvalidArgument, "target: there is no stream {}", static_cast<int>(target));
}

awaitable<Result<>> send_chunk(Stream& client, std::string bytes) {
  proto::StreamOutputResponse response;
  response.set_chunk(std::move(bytes));
  co_return co_await client.write(response.SerializeAsString());
}

awaitable<Result<>> stream_output(Request client) {
  WARREN_CO_TRY(const proto::StreamOutputRequest request,
                co_await receive<proto::StreamOutputRequest>(client.stream));
  WARREN_CO_TRY(const output::LogOptions options, options_for(request.target()));
  WARREN_CO_TRY(const v1::Node job, co_await find_job(client.engine, request.job_id()));
  // As a shell says on standard error what it cannot start.
  const OutputOrder order{
      .job = job.id(), .options = options, .largest_chunk = kLargestChunk, .explains = options.err};
  const SendChunk send = [&client](std::string bytes) {
    return send_chunk(client.stream, std::move(bytes));
  };
  co_return co_await send_output(client.engine, order, send);
}

Method row(std::string_view name, Handler handler) {
  return {.path = "/jobworker.v1.JobWorker/" + std::string(name),
          .face = model::Face::kJobWorker,
          .handler = with_its_name(std::string(name), std::move(handler))};
}

}  // namespace

Methods jobworker_methods() {
  return {row("StartJob", start_job), row("StopJob", stop_job), row("GetStatus", get_status),
          row("StreamOutput", stream_output)};
}

}  // namespace warren::gateway
