// SPDX-License-Identifier: Apache-2.0

#include "client/personality/rnx_json.h"

#include <nlohmann/json.hpp>

namespace warren::client {
namespace {

using nlohmann::ordered_json;

// Job and GetJobStatusRes have the same fields.
template <typename Message>
ordered_json job_to_json(const Message& job) {
  ordered_json args = ordered_json::array();
  for (const std::string& word : job.args()) args.push_back(word);
  return {{"id", job.id()},
          {"command", job.command()},
          {"args", std::move(args)},
          {"maxCPU", job.max_cpu()},
          {"cpuCores", job.cpu_cores()},
          {"maxMemory", job.max_memory()},
          {"maxIOBPS", job.max_iobps()},
          {"status", job.status()},
          {"startTime", job.start_time()},
          {"endTime", job.end_time()},
          {"exitCode", job.exit_code()},
          {"scheduledTime", job.scheduled_time()}};
}

}  // namespace

ordered_json jobs_to_json(const face::joblet::v2_10::Jobs& jobs) {
  ordered_json list = ordered_json::array();
  for (const auto& job : jobs.jobs()) list.push_back(job_to_json(job));
  return list;
}

ordered_json status_to_json(const face::joblet::v2_10::GetJobStatusRes& job) {
  return job_to_json(job);
}

}  // namespace warren::client
