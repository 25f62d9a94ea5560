// SPDX-License-Identifier: Apache-2.0
//
// How jobs wait for their time, and get what was uploaded for them long before.

#include <spdlog/spdlog.h>

#include <utility>

#include "base/co_try.h"
#include "base/failpoint.h"
#include "engine/supervisor.h"

namespace warren::engine {
namespace {

// Whoever stands behind one that has left the line is still behind whoever was before it.
Task<> open_after(std::shared_ptr<Gate> before, std::shared_ptr<Gate> next) {
  co_await before->wait();
  next->open();
}

}  // namespace

void Supervisor::wait_for_time(const JobPtr& job) {
  const model::Node& node = job->process->node;
  core_.alarm.set(*node.scheduled_at, node.seq,
                  [this, job] { spawn(core_.executor, queue_due(job)); });
}

Task<> Supervisor::queue_due(JobPtr job) {
  const model::Node& node = job->process->node;
  const bool is_late = !job->lateness.empty();  // Which the log has already.
  // False: since the alarm rang it has been ended.
  const bool is_due = core_.journal.apply(
      job->process,
      {.event = model::Event::kQueue, .at = core_.clock(), .message = std::move(job->lateness)});
  if (is_due) {
    if (!is_late) spdlog::info("scheduler: scheduled job {} is due", node.seq);
    failpoint("schedule.due");
    auto footprint = core_.sandboxes.provider().reserve(job->sandbox->node.id, node.spec.sandbox,
                                                        places_of(core_.config, node));
    if (!footprint) co_return refuse(job, footprint.error());
    job->footprint = *std::move(footprint);
    core_.journal.also(
        store::PutFootprint{{.sandbox = job->sandbox->node.id, .record = job->footprint}});
    co_await core_.journal.commit();  // The next engine must know it as queued, or run it again.
    failpoint("schedule.queued");
  }
  enqueue(job);
}

Task<Result<provider::Started>> Supervisor::start(JobPtr job) {
  const NodeId id = job->process->node.id;
  const bool has_archive = core_.uploads.has(id);
  if (has_archive) {
    const Result<> unpacked = co_await unpack_in_turn(job);
    if (!unpacked) co_return std::unexpected(context(unpacked, "upload").error());
    failpoint("schedule.unpacked");
  }
  Result<provider::Started> started = co_await core_.sandboxes.start(order_of(*job));
  if (has_archive) co_await core_.uploads.remove(id);
  co_return started;
}

// One after the other, however many are due at once: the provider has few places for uploads, and
// clients want some. One that is stopped leaves the line.
Task<Result<>> Supervisor::unpack_in_turn(JobPtr job) {
  const auto done = std::make_shared<Gate>();
  const std::shared_ptr<Gate> before = std::exchange(last_unpacked_, done);
  if (before) co_await before->wait_either(job->has_early_stop);
  Result<> unpacked = co_await unpack(job);
  if (before) spawn(core_.executor, open_after(before, done));
  if (!before) done->open();
  co_return unpacked;
}

Task<Result<>> Supervisor::unpack(JobPtr job) {
  if (job->early_stop) co_return fail(Errc::kUnavailable, "the job was stopped");
  WARREN_CO_TRY(Upload upload,
                co_await core_.sandboxes.upload_in_turn(order_of(*job), job->has_early_stop));
  const std::shared_ptr<Upload::Outcome> outcome = std::move(upload.outcome);
  const Result<> sent =
      co_await core_.uploads.send(job->process->node.id, std::move(upload.archive));
  co_await outcome->known.wait();  // Until then somebody writes to the layer.
  if (!sent) co_return sent;
  co_return outcome->result;
}

}  // namespace warren::engine
