// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/metrics.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/co_try.h"
#include "face/joblet_uuid.h"
#include "gateway/exchange.h"
#include "gateway/joblet/jobs.h"
#include "joblet/uuid.pb.h"
#include "wire/methods.h"

namespace warren::gateway {
namespace {

namespace uuid = face::joblet::uuid;
using boost::asio::awaitable;

constexpr std::chrono::milliseconds kInterval{5000};
constexpr std::int64_t kNanosecondsPerMicrosecond = 1000;

// What the share of a core is counted from.
struct Before {
  std::int64_t at;  // Microseconds.
  std::uint64_t cpu_usec = 0;
};

double percent_since(const Before& before, std::int64_t at, std::uint64_t cpu_usec) {
  if (before.at == 0 || at <= before.at || cpu_usec < before.cpu_usec) return 0;
  return 100.0 * static_cast<double>(cpu_usec - before.cpu_usec) /
         static_cast<double>(at - before.at);
}

uuid::JobMetricsEvent event_of(const std::string& id, std::int64_t at, const v1::Usage& usage,
                               const v1::Limits& limits) {
  uuid::JobMetricsEvent event;
  event.set_timestamp(at * kNanosecondsPerMicrosecond);
  event.set_job_uuid(face::joblet::uuid_of(id));
  event.set_memory_bytes(static_cast<std::int64_t>(usage.memory_bytes()));
  event.set_memory_limit(static_cast<std::int64_t>(limits.memory_bytes()));
  event.set_disk_read_bytes(static_cast<std::int64_t>(usage.io_read_bytes()));
  event.set_disk_write_bytes(static_cast<std::int64_t>(usage.io_write_bytes()));
  return event;
}

// The reading of one job; nothing where there is none in the message.
Result<std::optional<v1::StatsEvent>> parse_reading(
    const std::optional<wire::AsyncMessage>& message) {
  if (!message) return std::nullopt;
  v1::StatsEvent event;
  if (!event.ParseFromString(message->bytes) || event.readings().size() != 1) {
    return fail(Errc::kInternal, "Stats: the engine's answer is malformed");
  }
  return event;
}

// The last reading that is kept of a job: of this moment while it runs.
awaitable<Result<uuid::JobMetricsEvent>> last_reading(Engine engine, v1::Node job) {
  std::int64_t at = job.ended_at();
  v1::Usage usage = job.usage();
  if (at == 0) {
    v1::StatsRequest request;
    request.add_nodes(job.id());
    WARREN_CO_TRY(const v1::StatsEvent stats,
                  co_await ask<v1::StatsEvent>(std::move(engine), wire::kStats, request));
    at = stats.at();
    if (!stats.readings().empty()) usage = stats.readings(0).usage();
  }
  uuid::JobMetricsEvent event = event_of(job.id(), at, usage, job.limits());
  event.set_cpu_percent(percent_since({.at = job.started_at()}, at, usage.cpu_usec()));
  co_return event;
}

bool is_asked_for(const uuid::GetJobMetricsRequest& request, const uuid::JobMetricsEvent& event) {
  return event.timestamp() >= request.start_time() &&
         (request.end_time() == 0 || event.timestamp() <= request.end_time());
}

}  // namespace

awaitable<Result<>> stream_job_metrics(Request client) {
  WARREN_CO_TRY(const uuid::JobRequest request, co_await receive<uuid::JobRequest>(client.stream));
  WARREN_CO_TRY(const v1::Node job, co_await find_by_uuid(client.engine, request.uuid()));
  v1::StatsRequest asked;
  asked.add_nodes(job.id());
  asked.set_interval_ms(kInterval.count());
  const std::unique_ptr<wire::AsyncCall> call =
      client.engine->open(wire::kStats, asked.SerializeAsString());
  Before before{.at = job.started_at()};
  for (;;) {
    WARREN_CO_TRY(const std::optional<wire::AsyncMessage> message, co_await call->next());
    WARREN_CO_TRY(const std::optional<v1::StatsEvent> stats, parse_reading(message));
    if (!stats) co_return Result<>{};
    const v1::StatsEvent::Reading& reading = stats->readings(0);
    const std::uint64_t cpu_usec = reading.usage().cpu_usec();
    uuid::JobMetricsEvent event =
        event_of(job.id(), stats->at(), reading.usage(), reading.limits());
    event.set_cpu_percent(percent_since(before, stats->at(), cpu_usec));
    before = {.at = stats->at(), .cpu_usec = cpu_usec};
    WARREN_CO_TRY(co_await client.stream.write(event.SerializeAsString()));
  }
}

awaitable<Result<>> get_job_metrics(Request client) {
  WARREN_CO_TRY(const uuid::GetJobMetricsRequest request,
                co_await receive<uuid::GetJobMetricsRequest>(client.stream));
  if (request.limit() < 0) co_return fail(Errc::kInvalidArgument, "limit: it is negative");
  WARREN_CO_TRY(const v1::Node job, co_await find_by_uuid(client.engine, request.job_uuid()));
  if (job.started_at() == 0) co_return Result<>{};  // It has used nothing.
  WARREN_CO_TRY(const uuid::JobMetricsEvent event, co_await last_reading(client.engine, job));
  if (!is_asked_for(request, event)) co_return Result<>{};
  co_return co_await client.stream.write(event.SerializeAsString());
}

}  // namespace warren::gateway
