// SPDX-License-Identifier: Apache-2.0

#include "engine/intake.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <random>

#include "base/co_try.h"
#include "base/failpoint.h"

namespace warren::engine {
namespace {

constexpr Duration kKeyLifetime = std::chrono::hours(24);

NodeId new_id(Timestamp at) {
  static std::random_device source;  // getrandom(2): ids cannot be guessed.
  std::array<std::uint8_t, 10> random{};
  std::ranges::generate(random, [] { return static_cast<std::uint8_t>(source()); });
  return NodeId::make(at, random);
}

model::Node process_of(const JobRequest& request, model::JobSpec spec, Timestamp at) {
  model::Node node;
  node.id = new_id(at);
  node.kind = model::Kind::kProcess;
  node.parent = spec.parent;
  node.owner = request.caller.principal;
  node.face = request.caller.face;
  node.spec = std::move(spec);
  node.state = model::State::kQueued;
  node.created_at = at;
  return node;
}

model::Node sandbox_of(const model::Node& process) {
  model::Node node;
  node.id = new_id(process.created_at);
  node.kind = model::Kind::kSandbox;
  node.parent = process.id;
  node.owner = process.owner;
  node.face = process.face;
  node.spec.sandbox = process.spec.sandbox;
  node.state = model::State::kCreated;
  node.created_at = process.created_at;
  return node;
}

store::Batch rows_of(const Job& job, const JobRequest& request) {
  const model::Node& process = job.process->node;
  store::Batch batch;
  batch.emplace_back(store::InsertNode{process});
  batch.emplace_back(store::InsertNode{job.sandbox->node});
  if (process.state != model::State::kScheduled) {
    batch.emplace_back(
        store::PutFootprint{{.sandbox = job.sandbox->node.id, .record = job.footprint}});
  }
  batch.emplace_back(store::PutEvent{Journal::event_of(process, process.created_at)});
  if (!request.key.empty()) {
    batch.emplace_back(store::PutKey{{.owner = model::to_text(request.caller.principal),
                                      .key = request.key,
                                      .fingerprint = request.fingerprint,
                                      .node = process.id,
                                      .at = process.created_at}});
  }
  return batch;
}

// Whether one more job may wait for its time.
Result<> check_scheduled(const Core& core) {
  const std::uint64_t most = core.config.max_scheduled;
  if (most == 0 || core.tree.scheduled() < most) return {};
  return fail(Errc::kResourceExhausted, "{} jobs are scheduled already: that is max_scheduled",
              core.tree.scheduled());
}

}  // namespace

Result<model::JobSpec> Intake::complete(model::JobSpec spec) const {
  WARREN_TRY(model::validate(spec));
  model::Limits& limits = spec.sandbox.limits;
  const Config& config = core_.config;
  if (!limits.pids && config.default_pids != 0) limits.pids = config.default_pids;
  if (!limits.log && config.default_log.value != 0) limits.log = config.default_log;
  if (spec.parent) {
    const LiveNodePtr parent = core_.tree.find(*spec.parent);
    if (parent) limits = model::narrow(parent->node.spec.sandbox.limits, limits);
  }
  WARREN_TRY(core_.sandboxes.provider().check(spec));
  return spec;
}

Task<Result<Accepted>> Intake::accept(JobRequest request) {
  if (request.key.empty()) co_return co_await create(request);
  const Key key(model::to_text(request.caller.principal), request.key);
  while (under_way_.contains(key)) {
    const std::shared_ptr<Gate> other = under_way_.at(key);
    co_await other->wait();
  }
  const auto gate = std::make_shared<Gate>();
  under_way_.emplace(key, gate);
  Result<Accepted> accepted = co_await accept_once(request);
  under_way_.erase(key);
  gate->open();
  co_return accepted;
}

Task<Result<Accepted>> Intake::accept_once(const JobRequest& request) {
  WARREN_CO_TRY(const std::optional<NodeId> first, co_await first_answer(request));
  if (first) co_return Accepted{.process = *first, .fresh = nullptr, .following = nullptr};
  co_return co_await create(request);
}

Task<Result<std::optional<NodeId>>> Intake::first_answer(const JobRequest& request) {
  WARREN_CO_TRY(
      const std::optional<store::KeyRecord> record,
      co_await core_.reads.find_key(model::to_text(request.caller.principal), request.key));
  if (!record) co_return std::nullopt;
  // Of a job that waits for days, the call may be repeated for as long.
  const bool is_alive = core_.tree.find(record->node) != nullptr;
  if (!is_alive && record->at + kKeyLifetime < core_.clock()) co_return std::nullopt;
  if (record->fingerprint != request.fingerprint) {
    co_return fail(Errc::kAlreadyExists, "idempotency key '{}' was used for another job",
                   request.key);
  }
  co_return record->node;
}

Task<Result<Accepted>> Intake::create(const JobRequest& request) {
  WARREN_CO_TRY(const JobPtr job, make_job(request));
  const std::shared_ptr<Following> following = job->follow();
  job->times.received = request.received;
  job->times.accepted = provider::this_moment();
  // From here on the name is taken and the parent waits for this child.
  core_.tree.add(job->process);
  core_.tree.add(job->sandbox);
  core_.jobs.add(job);
  failpoint("run.before-commit");
  const Result<> stored = co_await core_.journal.submit(rows_of(*job, request));
  job->times.committed = provider::this_moment();
  failpoint("run.after-commit");
  const NodeId process = job->process->node.id;
  if (!stored) {
    co_await take_back(job);
    co_return std::unexpected(stored.error());
  }
  if (const model::Node& node = job->process->node; node.state == model::State::kScheduled) {
    spdlog::info("scheduler: scheduled job {} waits for {}", node.seq,
                 to_rfc3339(*node.scheduled_at));
  }
  co_return Accepted{.process = process, .fresh = job, .following = following};
}

Task<> Intake::take_back(JobPtr job) {
  const NodeId process = job->process->node.id;
  const NodeId sandbox = job->sandbox->node.id;
  core_.queue.release(process);
  core_.jobs.remove(process);
  core_.tree.remove(sandbox);
  core_.tree.remove(process);
  job->process->ended.open();
  job->sandbox->ended.open();
  // Nothing was made of it, but it has a reservation.
  const Result<> destroyed = co_await core_.sandboxes.destroy(sandbox);
  if (!destroyed) spdlog::warn("giving back {}: {}", sandbox.to_text(), destroyed.error().message);
}

Result<JobPtr> Intake::make_job(const JobRequest& request) {
  model::JobSpec spec = WARREN_TRY(complete(request.spec));
  model::Node process = process_of(request, std::move(spec), core_.clock());
  model::Node sandbox = sandbox_of(process);
  process.sandbox = sandbox.id;
  if (request.start) {
    process.scheduled_at =
        WARREN_TRY(context(model::resolve(*request.start, process.created_at), "schedule"));
    process.state = model::State::kScheduled;
  }
  WARREN_TRY(core_.tree.check(process));
  auto job = std::make_shared<Job>();
  job->process = std::make_shared<LiveNode>(std::move(process));
  job->sandbox = std::make_shared<LiveNode>(std::move(sandbox));
  job->process->node.seq = core_.next_seq;
  WARREN_TRY(set_aside(*job));
  ++core_.next_seq;
  return job;
}

Result<> Intake::set_aside(Job& job) {
  const model::Node& process = job.process->node;
  if (process.state == model::State::kScheduled) return check_scheduled(core_);
  WARREN_TRY(core_.queue.expect(process.id));
  auto footprint = core_.sandboxes.provider().reserve(job.sandbox->node.id, process.spec.sandbox,
                                                      places_of(core_.config, process));
  if (!footprint) {
    core_.queue.release(process.id);
    return std::unexpected(std::move(footprint.error()));
  }
  job.footprint = *std::move(footprint);
  return {};
}

}  // namespace warren::engine
