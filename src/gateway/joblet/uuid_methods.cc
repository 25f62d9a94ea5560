// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/co_try.h"
#include "face/joblet.h"
#include "face/joblet_uuid.h"
#include "gateway/exchange.h"
#include "gateway/joblet/job_list.h"
#include "gateway/joblet/jobs.h"
#include "gateway/joblet/metrics.h"
#include "gateway/joblet/run_request.h"
#include "gateway/joblet/service.h"
#include "joblet/uuid.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

namespace uuid = face::joblet::uuid;
namespace v2_10 = face::joblet::v2_10;
using boost::asio::awaitable;
using face::joblet::uuid_of;

constexpr std::uint32_t kUploads = 8;

awaitable<Result<v1::Node>> requested_job(const Request& client) {
  WARREN_CO_TRY(const uuid::JobRequest request, co_await receive<uuid::JobRequest>(client.stream));
  co_return co_await find_by_uuid(client.engine, request.uuid());
}

// The engine's refusals call a job by its id.
std::unexpected<Error> refused(Error error, const v1::Node& job) {
  const std::size_t at = error.message.find(job.id());
  if (at != std::string::npos) error.message.replace(at, job.id().size(), uuid_of(job.id()));
  return std::unexpected(std::move(error));
}

awaitable<Result<v1::Node>> stop_found(Engine engine, v1::Node job) {
  Result<v1::Node> stopped = co_await stop_job(std::move(engine), job.id());
  if (!stopped) co_return refused(stopped.error(), job);
  co_return stopped;
}

awaitable<Result<>> run_job(Request client) {
  WARREN_CO_TRY(const v1::Node job, co_await run_request<uuid::RunJobRequest>(client, kUploads));
  uuid::RunJobResponse answer;
  answer.set_job_uuid(uuid_of(job.id()));
  answer.set_status(std::string(face::joblet::status_of(job)));
  co_return co_await client.stream.write(answer.SerializeAsString());
}

awaitable<Result<>> get_job_status(Request client, std::string machine) {
  WARREN_CO_TRY(const v1::Node job, co_await requested_job(client));
  co_return co_await client.stream.write(
      face::joblet::uuid_status_of(job, machine).SerializeAsString());
}

awaitable<Result<>> stop(Request client) {
  WARREN_CO_TRY(v1::Node job, co_await requested_job(client));
  WARREN_CO_TRY(const v1::Node stopped, co_await stop_found(client.engine, std::move(job)));
  co_return co_await client.stream.write(
      face::joblet::stopped_uuid_job(stopped).SerializeAsString());
}

awaitable<Result<>> cancel(Request client) {
  WARREN_CO_TRY(v1::Node job, co_await requested_job(client));
  if (job.state() != "SCHEDULED") {
    co_return fail(Errc::kFailedPrecondition, "{} is {}: only a scheduled job can be cancelled",
                   uuid_of(job.id()), face::joblet::status_of(job));
  }
  WARREN_CO_TRY(const v1::Node stopped, co_await stop_found(client.engine, std::move(job)));
  uuid::CancelJobResponse answer;
  answer.set_uuid(uuid_of(stopped.id()));
  answer.set_status(std::string(face::joblet::status_of(stopped)));
  co_return co_await client.stream.write(answer.SerializeAsString());
}

awaitable<Result<>> forget_job(Engine engine, std::string id) {
  v1::NodeRequest request;
  request.set_node(std::move(id));
  WARREN_CO_TRY(co_await ask<v1::Empty>(std::move(engine), wire::kDelete, request));
  co_return Result<>{};
}

awaitable<Result<>> delete_job(Request client) {
  WARREN_CO_TRY(const v1::Node job, co_await requested_job(client));
  const Result<> forgotten = co_await forget_job(client.engine, job.id());
  if (!forgotten) co_return refused(forgotten.error(), job);
  uuid::DeleteJobResponse answer;
  answer.set_uuid(uuid_of(job.id()));
  answer.set_success(true);
  answer.set_message("deleted");
  co_return co_await client.stream.write(answer.SerializeAsString());
}

// Skips what has not ended. What somebody else deletes meanwhile is not counted.
awaitable<Result<>> delete_all_jobs(Request client) {
  WARREN_CO_TRY(co_await receive<v2_10::EmptyRequest>(client.stream));
  std::vector<std::string> ended;
  std::int32_t skipped = 0;
  const TakeJob take = [&](const v1::Node& job) {
    if (face::joblet::has_ended(face::joblet::status_of(job))) {
      ended.push_back(job.id());
    } else {
      ++skipped;
    }
  };
  const v1::ListRequest all;
  WARREN_CO_TRY(co_await list_jobs(client.engine, all, take));
  std::int32_t deleted = 0;
  for (const std::string& id : ended) {
    const Result<> forgotten = co_await forget_job(client.engine, id);
    if (!forgotten && forgotten.error().code != Errc::kNotFound) co_return forgotten;
    if (forgotten) ++deleted;
  }
  uuid::DeleteAllJobsResponse answer;
  answer.set_success(true);
  answer.set_message(fmt::format("{} deleted, {} skipped", deleted, skipped));
  answer.set_deleted_count(deleted);
  answer.set_skipped_count(skipped);
  co_return co_await client.stream.write(answer.SerializeAsString());
}

awaitable<Result<>> get_job_logs(Request client) {
  WARREN_CO_TRY(v1::Node job, co_await requested_job(client));
  co_return co_await send_log(client.engine, std::move(job), client.stream);
}

awaitable<Result<>> list(Request client, std::string machine) {
  WARREN_CO_TRY(co_await receive<v2_10::EmptyRequest>(client.stream));
  JobList<uuid::Job> jobs;
  const TakeJob take = [&](const v1::Node& job) {
    jobs.add(face::joblet::uuid_job_of(job, machine));
  };
  const v1::ListRequest all;
  WARREN_CO_TRY(co_await list_jobs(client.engine, all, take));
  std::string answer = serialize<uuid::Jobs>(std::move(jobs));
  client.permit.reset();
  co_return co_await client.stream.write(std::move(answer));
}

constexpr std::string_view kService = "JobService";

Method row(std::string_view name, Handler handler) {
  return joblet_row(kService, name, std::move(handler));
}

}  // namespace

Methods uuid_methods(const std::string& machine) {
  Methods methods{
      row("RunJob", run_job),
      row("GetJobStatus",
          [machine](Request client) { return get_job_status(std::move(client), machine); }),
      row("StopJob", stop),
      row("CancelJob", cancel),
      row("DeleteJob", delete_job),
      gathering_row(kService, "DeleteAllJobs", delete_all_jobs),
      row("GetJobLogs", get_job_logs),
      gathering_row(kService, "ListJobs",
                    [machine](Request client) { return list(std::move(client), machine); }),
      row("StreamJobMetrics", stream_job_metrics),
      row("GetJobMetrics", get_job_metrics)};
  methods.front().largest_request = kLargestUploadRequest;
  return methods;
}

}  // namespace warren::gateway
