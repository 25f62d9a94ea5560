// SPDX-License-Identifier: Apache-2.0

#include "engine/supervisor.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "base/failpoint.h"
#include "engine/retention.h"
#include "engine/verdict.h"

namespace warren::engine {

using model::Event;
using model::State;

void Supervisor::ended(provider::Ended how) {
  boost::asio::post(core_.executor,
                    [this, how = std::move(how)]() mutable { has_ended(std::move(how)); });
}

void Supervisor::has_ended(provider::Ended how) {
  const JobPtr job = core_.jobs.find(how.process);
  if (!job || job->ended) return;
  job->ended = std::move(how);
  job->finished.open();
}

void Supervisor::enqueue(const JobPtr& job) {
  line_up(job);
  admit_waiting();
}

void Supervisor::line_up(const JobPtr& job) {
  const model::Node& node = job->process->node;
  core_.jobs.add(job);
  if (node.state == State::kScheduled) return wait_for_time(job);
  spawn(core_.executor, drive(job));
  if (model::is_final(node.state)) return;
  core_.queue.push({.job = node.id,
                    .owner = model::to_text(node.owner),
                    .priority = node.spec.priority,
                    .memory = node.spec.sandbox.limits.memory.value_or(Bytes{})});
}

void Supervisor::resume(const JobPtr& job, Timestamp started_at) {
  const model::Node& node = job->process->node;
  core_.jobs.add(job);
  core_.queue.occupy({.job = node.id,
                      .owner = model::to_text(node.owner),
                      .priority = node.spec.priority,
                      .memory = node.spec.sandbox.limits.memory.value_or(Bytes{})});
  // The rows may still say what was intended; what has happened since is the truth.
  for (const LiveNodePtr& live : {job->process, job->sandbox}) {
    std::ignore = core_.journal.apply(live, {.event = Event::kAdmit, .at = started_at});
  }
  if (node.state == State::kStopping) job->early_stop = Farewell{.signal = SIGKILL, .grace = {}};
  job->admitted.open();
  has_started(job, started_at);
  spawn(core_.executor, attend(job));
}

void Supervisor::refuse(const JobPtr& job, const Error& why) {
  core_.jobs.add(job);
  job->admitted.open();
  if (!model::is_final(job->process->node.state)) {
    std::ignore = core_.journal.apply(job->process, {.event = Event::kQueue, .at = core_.clock()});
    for (const LiveNodePtr& live : {job->process, job->sandbox}) {
      std::ignore = core_.journal.apply(live, {.event = Event::kAdmit, .at = core_.clock()});
    }
    has_ended(failed_start(job->process->node.id, why, core_.clock()));
  }
  job->settled.open();
  spawn(core_.executor, attend(job));
}

void Supervisor::bury(const JobPtr& job) {
  spawn(core_.executor, clean_up(job));
}

void Supervisor::admit_waiting() {
  if (core_.is_going_down) return;  // The next engine's turn.
  while (const auto next = core_.queue.admit()) {
    if (const JobPtr job = core_.jobs.find(*next)) job->admitted.open();
  }
}

Task<> Supervisor::drive(JobPtr job) {
  co_await job->admitted.wait();
  if (!model::is_final(job->process->node.state)) co_await launch(job);
  co_await attend(job);
}

Task<> Supervisor::launch(JobPtr job) {
  if (job->early_stop) {
    provider::Ended never_begun;
    never_begun.process = job->process->node.id;
    never_begun.at = core_.clock();
    never_begun.wait_status = SIGTERM;
    has_ended(std::move(never_begun));
    job->settled.open();
    co_return;
  }
  for (const LiveNodePtr& live : {job->process, job->sandbox}) {
    std::ignore = core_.journal.apply(live, {.event = Event::kAdmit, .at = core_.clock()});
  }
  // Nobody waits for this change: the rows and the footprint, which are what recovery needs, have
  // been durable since the job was accepted.
  job->times.admitted = provider::this_moment();
  failpoint("start.before");
  Result<provider::Started> started = co_await start(job);
  failpoint("start.after");
  if (started) {
    if (!job->following.expired()) {
      job->input = std::move(started->input);
    } else if (started->input) {
      // Nobody else will write to it, and the command must see its end.
      started->input.reset();
      core_.sandboxes.release_input(job->sandbox->node.id);
    }
    job->times.made = started->stages;
    job->times.settled = provider::this_moment();
    has_started(job, started->at);
  } else {
    provider::Ended failed = failed_start(job->process->node.id, started.error(), core_.clock());
    if (job->early_stop) failed.wait_status = SIGTERM;  // As one that was stopped before.
    has_ended(std::move(failed));
    job->settled.open();
  }
}

void Supervisor::has_started(const JobPtr& job, Timestamp at) {
  job->is_started = true;
  for (const LiveNodePtr& live : {job->process, job->sandbox}) {
    std::ignore = core_.journal.apply(live, {.event = Event::kStarted, .at = at});
  }
  job->settled.open();
  if (job->process->node.spec.sandbox.limits.timeout) {
    spawn(core_.executor, watch_deadline(job, at));
  }
  if (job->early_stop) spawn(core_.executor, terminate(job, *job->early_stop));
}

Task<> Supervisor::attend(JobPtr job) {
  if (!model::is_final(job->process->node.state)) {
    co_await job->finished.wait();
    co_await conclude(job);
  }
  co_await clean_up(job);
}

Task<> Supervisor::conclude(JobPtr job) {
  job->process->is_closing = true;
  core_.queue.release(job->process->node.id);
  admit_waiting();
  co_await end_children(job);

  if (job->deadline) job->deadline->cancel();
  // Only now: while it waited for its children it may have been stopped or have expired.
  if (!core_.journal.apply(job->process, judge(job->process->node, *job->ended))) {
    spdlog::error("job {} ended in state {}, which has no such end", job->process->node.seq,
                  model::to_text(job->process->node.state));
  }
  std::ignore = core_.journal.apply(job->sandbox, {.event = Event::kStop, .at = core_.clock()});
  failpoint("ended.before-commit");
  co_await core_.journal.commit();
  failpoint("ended.after-commit");
}

Task<> Supervisor::end_children(JobPtr job) {
  const NodeId id = job->process->node.id;
  while (const LiveNodePtr child = any_child(*job)) {
    if (judge(job->process->node, *job->ended).event != Event::kExitedZero) cancel_descendants(id);
    co_await child->ended.wait();
  }
}

LiveNodePtr Supervisor::any_child(const Job& job) const {
  for (const LiveNodePtr& child : core_.tree.children(job.process->node.id)) {
    if (child != job.sandbox) return child;
  }
  return nullptr;
}

Task<> Supervisor::clean_up(JobPtr job) {
  const NodeId sandbox = job->sandbox->node.id;
  failpoint("destroy.before");
  const Result<> destroyed = co_await core_.sandboxes.destroy(sandbox);
  failpoint("destroy.after");
  co_await core_.uploads.remove(job->process->node.id);
  core_.jobs.remove(job->process->node.id);
  if (++core_.ended_since_sweep == Retention::kEndsBetweenSweeps) core_.sweep_due->open();
  if (!destroyed) {
    // Its row and its footprint stay, so that the next engine tries again.
    spdlog::error("removing sandbox {}: {}", sandbox.to_text(), destroyed.error().message);
    co_return;
  }
  if (job->process->node.spec.forget_when_ended) co_return co_await forget(job);
  std::ignore = core_.journal.apply(job->sandbox, {.event = Event::kStop, .at = core_.clock()});
  std::ignore =
      core_.journal.apply(job->sandbox, {.event = Event::kEndedStopped, .at = core_.clock()});
  core_.journal.also(store::DeleteFootprint{sandbox});
  co_await core_.journal.commit();
}

Task<> Supervisor::forget(JobPtr job) {
  // The sandbox's row is not final yet: it makes the next engine finish this, should this one die.
  if (auto following = job->following.lock()) {
    const std::shared_ptr<Gate> nobody_left = following->nobody_left;
    following.reset();
    co_await nobody_left->wait();
  }
  const NodeId process = job->process->node.id;
  const NodeId sandbox = job->sandbox->node.id;
  failpoint("forget.before");
  const Result<> removed = co_await core_.sandboxes.remove_log(process);
  if (!removed) spdlog::error("removing a log: {}", removed.error().message);
  co_await core_.journal.commit();  // Nothing may be written about what is no more.
  store::Batch batch;
  batch.emplace_back(store::DeleteFootprint{sandbox});
  batch.emplace_back(store::DeleteNode{process});
  batch.emplace_back(store::DeleteNode{sandbox});
  const Result<> forgotten = co_await core_.journal.submit(std::move(batch));
  failpoint("forget.after");
  if (!forgotten) spdlog::error("forgetting a job: {}", forgotten.error().message);
  core_.tree.remove(sandbox);
  job->sandbox->ended.open();
}

provider::JobOrder Supervisor::order_of(const Job& job) const {
  provider::JobOrder order;
  order.sandbox = job.sandbox->node.id;
  order.process = job.process->node.id;
  order.spec = job.process->node.spec;
  order.footprint = job.footprint;
  order.output_link = places_of(core_.config, job.process->node).output_link;
  std::optional<NodeId> above = job.process->node.parent;
  while (above) {
    const LiveNodePtr ancestor = core_.tree.find(*above);
    if (!ancestor) break;
    if (ancestor->node.sandbox) order.ancestors.push_back(*ancestor->node.sandbox);
    above = ancestor->node.parent;
  }
  std::ranges::reverse(order.ancestors);
  return order;
}

}  // namespace warren::engine
