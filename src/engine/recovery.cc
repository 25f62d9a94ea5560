// SPDX-License-Identifier: Apache-2.0

#include "engine/recovery.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "base/co_try.h"
#include "base/failpoint.h"

namespace warren::engine {

using model::State;

namespace {

// Several times as long as a client waits before it tries again to reach an engine.
constexpr std::chrono::seconds kClientPatience{5};

}  // namespace

Task<Result<>> Recovery::run() {
  WARREN_CO_TRY(store::Loaded loaded, co_await core_.reads.load());
  failpoint("recovery.loaded");
  plant(std::move(loaded));
  WARREN_CO_TRY(const std::vector<Adoption> found,
                co_await core_.sandboxes.adopt(claims(), sweep_));
  failpoint("recovery.adopted");
  std::map<NodeId, const Adoption*> by_sandbox;
  for (const Adoption& adoption : found) by_sandbox[adoption.sandbox] = &adoption;
  for (const JobPtr& job : jobs_) {
    spawn(core_.executor, await_client(job));
    const auto own = by_sandbox.find(job->sandbox->node.id);
    settle(job, own == by_sandbox.end() ? nullptr : own->second);
  }
  co_await take_over_uploads();
  // Only now is it known how much room what runs has left, and whose turn it is.
  for (const JobPtr& job : unbegun_) begin_again(job);
  supervisor_.admit_waiting();
  WARREN_CO_TRY(co_await bury_remains());
  co_await core_.journal.commit();
  failpoint("recovery.settled");
  if (!jobs_.empty()) spdlog::info("took over {} jobs of an earlier engine", jobs_.size());
  if (const std::size_t waiting = core_.alarm.size(); waiting != 0) {
    spdlog::info("scheduler: {} jobs wait for their time", waiting);
  }
  co_return Result<>{};
}

void Recovery::plant(store::Loaded loaded) {
  core_.next_seq = loaded.next_seq;
  for (store::Footprint& footprint : loaded.footprints) {
    footprints_[footprint.sandbox] = std::move(footprint.record);
  }
  std::vector<LiveNodePtr> planted;
  for (model::Node& node : loaded.live) {
    planted.push_back(std::make_shared<LiveNode>(std::move(node)));
    core_.tree.add(planted.back());
  }
  for (const LiveNodePtr& live : planted) {
    if (live->node.kind != model::Kind::kSandbox || !live->node.parent) continue;
    if (const LiveNodePtr process = core_.tree.find(*live->node.parent)) {
      jobs_.push_back(make_job(process, live));
    } else {
      remains_.push_back(live);
    }
  }
}

JobPtr Recovery::make_job(const LiveNodePtr& process, const LiveNodePtr& sandbox) {
  auto job = std::make_shared<Job>();
  job->process = process;
  job->sandbox = sandbox;
  const auto footprint = footprints_.find(sandbox->node.id);
  if (footprint != footprints_.end()) job->footprint = footprint->second;
  core_.jobs.add(job);  // The provider may report its end at any time from now on.
  return job;
}

std::vector<Recovery::Adoption> Recovery::claims() const {
  std::vector<Adoption> claims;
  for (const JobPtr& job : jobs_) {
    if (job->process->node.state == State::kScheduled) continue;  // It has nothing yet.
    Adoption claim;
    claim.sandbox = job->sandbox->node.id;
    claim.process = job->process->node.id;
    claim.footprint = job->footprint;
    claim.disk_limit = job->process->node.spec.sandbox.limits.disk;
    claim.log_limit = job->process->node.spec.sandbox.limits.log;
    claims.push_back(std::move(claim));
  }
  return claims;
}

// Of what has begun nobody needs them any more.
Task<> Recovery::take_over_uploads() {
  std::set<NodeId> waiting;
  for (const JobPtr& job : unbegun_) waiting.insert(job->process->node.id);
  return core_.uploads.take_over(std::move(waiting), sweep_);
}

void Recovery::settle(const JobPtr& job, const Adoption* found) {
  const model::Node& node = job->process->node;
  const bool was_running = node.state == State::kRunning || node.state == State::kPaused;
  if (found != nullptr && (found->started || found->running)) {
    continue_command(job, *found);
  } else if (was_running || node.state == State::kStopping) {
    provider::Ended lost;
    lost.process = node.id;
    lost.at = core_.clock();
    lost.message = "its sandbox was gone when the engine started";
    job->ended = std::move(lost);
    job->finished.open();
    supervisor_.resume(job, node.started_at.value_or(core_.clock()));
  } else {
    unbegun_.push_back(job);
  }
}

void Recovery::continue_command(const JobPtr& job, const Adoption& found) {
  const Timestamp started_at =
      found.started_at.value_or(job->process->node.started_at.value_or(core_.clock()));
  const bool runs_on = found.running && job->process->node.state != State::kStopping;
  supervisor_.resume(job, started_at);
  if (runs_on) spawn(core_.executor, restore_pause(job));
  if (runs_on && job->process->node.spec.process.input == model::Input::kPipe) {
    job->keeps_input = true;
    spawn(core_.executor, keep_input(job));
  }
}

// Whichever of row and freezer an earlier engine had changed last, the row is what was wanted.
Task<> Recovery::restore_pause(JobPtr job) {
  const NodeId sandbox = job->sandbox->node.id;
  const bool is_paused = job->process->node.state == State::kPaused;
  Result<> done;
  if (is_paused) {
    done = co_await core_.sandboxes.freeze(sandbox);
  } else {
    done = co_await core_.sandboxes.thaw(sandbox);
  }
  if (!done && !job->finished.is_open()) {
    spdlog::warn("restoring the pause of {}: {}", sandbox.to_text(), done.error().message);
  }
}

// The last engine may have died before its client had the input. A client that is gone has nothing
// to say: the command then sees its end.
Task<> Recovery::keep_input(JobPtr job) {
  std::ignore = co_await job->client_is_back.wait_for(kClientPatience);
  if (job->client_is_back.is_open() || !std::exchange(job->keeps_input, false)) co_return;
  core_.sandboxes.release_input(job->sandbox->node.id);
}

// Nothing of it had run, so running it now is the first time.
void Recovery::begin_again(const JobPtr& job) {
  note_lateness(job);
  const model::Node& node = job->process->node;
  if (node.spec.wait_for_uploads && !core_.uploads.has(node.id)) {
    supervisor_.refuse(job, Error{Errc::kUnavailable,
                                  "upload: its files were lost when the engine was restarted"});
  } else if (node.spec.process.input == model::Input::kPipe) {
    spawn(core_.executor, begin_with_input(job));
  } else {
    supervisor_.line_up(job);
  }
}

void Recovery::note_lateness(const JobPtr& job) const {
  const model::Node& node = job->process->node;
  const Timestamp now = core_.clock();
  if (node.state != State::kScheduled || *node.scheduled_at > now) return;
  job->lateness = fmt::format("was due {}, {} before an engine ran", to_rfc3339(*node.scheduled_at),
                              to_text(std::chrono::floor<Duration>(now - *node.scheduled_at)));
  spdlog::warn("scheduler: scheduled job {} {}", node.seq, job->lateness);
}

// Its client has what it is to read, and repeats its call; one that is gone has nothing to say.
Task<> Recovery::begin_with_input(JobPtr job) {
  std::ignore = co_await job->client_is_back.wait_for(kClientPatience);
  supervisor_.enqueue(job);
}

// A client that was cut off from the last engine follows no job of this one before it is back.
// Until then, what is to be forgotten stays.
Task<> Recovery::await_client(JobPtr job) {
  if (!job->process->node.spec.forget_when_ended) co_return;
  const std::shared_ptr<Following> following = job->follow();
  std::ignore = co_await job->client_is_back.wait_for(kClientPatience);
}

Task<Result<>> Recovery::bury_remains() {
  for (const LiveNodePtr& sandbox : remains_) {
    WARREN_CO_TRY(std::optional<model::Node> process,
                  co_await core_.reads.find(*sandbox->node.parent));
    auto job = std::make_shared<Job>();
    job->sandbox = sandbox;
    // A process that is no more leaves only its id behind.
    if (!process) process.emplace().id = *sandbox->node.parent;
    job->process = std::make_shared<LiveNode>(*std::move(process));
    job->settled.open();
    core_.jobs.add(job);
    spawn(core_.executor, await_client(job));
    supervisor_.bury(job);
  }
  co_return Result<>{};
}

}  // namespace warren::engine
