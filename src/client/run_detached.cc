// SPDX-License-Identifier: Apache-2.0

#include <utility>

#include "client/run_call.h"
#include "client/run_session.h"

namespace warren::client {
namespace {

// How often the engine may go before it has answered: of some request it might die each time.
constexpr int kMostLosses = 5;

// With its end, the engine answers for what it was sent.
Result<> await_end(wire::ClientChannel& channel, wire::CallId call) {
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(channel.next_of(call));
    if (event.end) return *event.end;
  }
}

// Asks once, and gives the engine the files of a job that is new to it.
Result<v1::RunEvent> submit(wire::ClientChannel& channel, const RunSettings& settings) {
  const wire::CallId call = WARREN_TRY(open_run(channel, settings.engine, settings.request));
  wire::CallEvent event = WARREN_TRY(channel.next_of(call));
  if (event.end) {
    WARREN_TRY(Result<>(*event.end));
    return fail(Errc::kInternal, "the engine did not say the job's id");
  }
  v1::RunEvent job;
  if (!job.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  if (!settings.request.spec().uploads()) return job;
  if (job.has_uploads()) {
    std::size_t next = 0;
    const os::UniqueFd pipe = WARREN_TRY(take_next(event.descriptors, next));
    WARREN_TRY(send_uploads(channel, job.id(), settings.uploads, pipe));
  }
  WARREN_TRY(await_end(channel, call));
  return job;
}

}  // namespace

Result<std::string> run_detached(RunSettings settings) {
  settings.request.set_detach(true);
  auto channel = WARREN_TRY(connect(settings.engine, Startup::kIfAbsent));
  Result<v1::RunEvent> job = submit(channel, settings);
  // Repeated with its key, the call tells of the same job.
  for (int losses = 1; !job && is_lost(job.error()) && losses < kMostLosses; ++losses) {
    channel = WARREN_TRY(connect_again(settings.engine, Startup::kIfAbsent));
    job = submit(channel, settings);
  }
  if (!job) return std::unexpected(std::move(job.error()));
  if (settings.introduced) settings.introduced(*job);
  return job->id();
}

}  // namespace warren::client
