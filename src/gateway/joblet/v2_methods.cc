// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/co_try.h"
#include "face/joblet.h"
#include "gateway/exchange.h"
#include "gateway/joblet/job_list.h"
#include "gateway/joblet/jobs.h"
#include "gateway/joblet/run_request.h"
#include "gateway/joblet/service.h"
#include "joblet/v2_11.pb.h"

namespace warren::gateway {
namespace {

namespace v2_10 = face::joblet::v2_10;
namespace v2_11 = face::joblet::v2_11;
using boost::asio::awaitable;
using face::joblet::job_of;

constexpr std::uint32_t kUploads = 7;

constexpr std::array kAlive{"SCHEDULED", "QUEUED", "STARTING", "RUNNING", "PAUSED", "STOPPING"};

constexpr std::string_view kJobs = "JobletService";
constexpr std::string_view kNetworks = "NetworkService";
constexpr std::string_view kVolumes = "VolumeService";
constexpr std::string_view kMonitoring = "MonitoringService";

awaitable<Result<>> run_job(Request client) {
  WARREN_CO_TRY(const v1::Node job, co_await run_request<v2_11::RunJobReq>(client, kUploads));
  co_return co_await client.stream.write(job_of<v2_10::RunJobRes>(job).SerializeAsString());
}

awaitable<Result<>> get_job_status(Request client) {
  WARREN_CO_TRY(const v2_10::GetJobStatusReq request,
                co_await receive<v2_10::GetJobStatusReq>(client.stream));
  WARREN_CO_TRY(const v1::Node job, co_await find_numbered(client.engine, request.id()));
  co_return co_await client.stream.write(job_of<v2_10::GetJobStatusRes>(job).SerializeAsString());
}

awaitable<Result<>> stop(Request client) {
  WARREN_CO_TRY(const v2_10::StopJobReq request,
                co_await receive<v2_10::StopJobReq>(client.stream));
  WARREN_CO_TRY(co_await find_numbered(client.engine, request.id()));
  // By its number, so that the engine's refusals call the job as the client does.
  WARREN_CO_TRY(const v1::Node stopped, co_await stop_job(client.engine, request.id()));
  co_return co_await client.stream.write(face::joblet::stopped_job(stopped).SerializeAsString());
}

awaitable<Result<>> get_job_logs(Request client) {
  WARREN_CO_TRY(const v2_10::GetJobLogsReq request,
                co_await receive<v2_10::GetJobLogsReq>(client.stream));
  WARREN_CO_TRY(v1::Node job, co_await find_numbered(client.engine, request.id()));
  co_return co_await send_log(client.engine, std::move(job), client.stream);
}

awaitable<Result<>> list(Request client) {
  WARREN_CO_TRY(co_await receive<v2_10::EmptyRequest>(client.stream));
  JobList<v2_10::Job> jobs;
  const TakeJob take = [&](const v1::Node& job) { jobs.add(job_of<v2_10::Job>(job)); };
  const v1::ListRequest all;
  WARREN_CO_TRY(co_await list_jobs(client.engine, all, take));
  std::string answer = serialize<v2_10::Jobs>(std::move(jobs));
  client.permit.reset();
  co_return co_await client.stream.write(std::move(answer));
}

// Until there are others. A client shows the two fields that it does not have as they are sent.
awaitable<Result<>> list_networks(Request client) {
  WARREN_CO_TRY(co_await receive<v2_10::EmptyRequest>(client.stream));
  v1::ListRequest alive;
  for (const char* const state : kAlive) alive.add_states(state);
  std::int32_t used = 0;
  const TakeJob count = [&](const v1::Node& job) { used += job.network() == "none" ? 1 : 0; };
  WARREN_CO_TRY(co_await list_jobs(client.engine, alive, count));
  v2_10::Networks answer;
  v2_10::Network& none = *answer.add_networks();
  none.set_name("none");
  none.set_cidr("N/A");
  none.set_bridge("N/A");
  none.set_job_count(used);
  co_return co_await client.stream.write(answer.SerializeAsString());
}

awaitable<Result<>> list_volumes(Request client) {
  WARREN_CO_TRY(co_await receive<v2_10::EmptyRequest>(client.stream));
  co_return co_await client.stream.write(v2_11::Volumes().SerializeAsString());
}

void add_networks(Methods& methods, std::string_view service) {
  constexpr std::string_view kReason = "networks are not available yet: the only one is 'none'";
  methods.push_back(missing_row(service, "CreateNetwork", kReason));
  methods.push_back(joblet_row(service, "ListNetworks", list_networks));
  methods.push_back(missing_row(service, "RemoveNetwork", kReason));
}

}  // namespace

Methods v2_methods() {
  Methods methods{joblet_row(kJobs, "RunJob", run_job),
                  joblet_row(kJobs, "GetJobStatus", get_job_status),
                  joblet_row(kJobs, "StopJob", stop), joblet_row(kJobs, "GetJobLogs", get_job_logs),
                  gathering_row(kJobs, "ListJobs", list)};
  methods.front().largest_request = kLargestUploadRequest;
  add_networks(methods, kJobs);
  add_networks(methods, kNetworks);
  constexpr std::string_view kNoVolumes = "volumes are not available yet";
  methods.push_back(missing_row(kVolumes, "CreateVolume", kNoVolumes));
  methods.push_back(joblet_row(kVolumes, "ListVolumes", list_volumes));
  methods.push_back(missing_row(kVolumes, "RemoveVolume", kNoVolumes));
  constexpr std::string_view kNoMonitoring = "monitoring is not available yet";
  methods.push_back(missing_row(kMonitoring, "GetSystemStatus", kNoMonitoring));
  methods.push_back(missing_row(kMonitoring, "StreamSystemMetrics", kNoMonitoring));
  return methods;
}

}  // namespace warren::gateway
