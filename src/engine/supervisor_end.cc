// SPDX-License-Identifier: Apache-2.0
//
// How jobs are made to end.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "engine/supervisor.h"
#include "engine/verdict.h"

namespace warren::engine {

using model::Cause;
using model::Event;
using model::State;

bool Supervisor::end(const JobPtr& job, EndOrder order) {
  const model::Node& node = job->process->node;
  const bool is_accepted = core_.journal.apply(
      job->process, end_unstarted(order.event, std::move(order.cause), core_.clock()));
  if (!is_accepted && node.state != State::kStopping) return false;

  job->process->is_closing = true;
  cancel_descendants(node.id);
  if (model::is_final(node.state)) {  // It had not begun, and now never will.
    core_.queue.release(node.id);
    admit_waiting();
    job->admitted.open();
    job->settled.open();
    if (node.scheduled_at && core_.alarm.cancel(*node.scheduled_at, node.seq)) line_up(job);
  } else if (job->is_started) {
    spawn(core_.executor, terminate(job, order.farewell));
  } else {
    if (!job->early_stop || order.farewell.grace < job->early_stop->grace) {
      job->early_stop = order.farewell;
    }
    job->has_early_stop.open();
    job->admitted.open();  // One that waits for a second start does not get it.
  }
  return true;
}

void Supervisor::cancel_descendants(const NodeId& parent) {
  const Cause cause{Cause::Type::kCancelledBy, 0, parent.to_text()};
  for (const LiveNodePtr& below : core_.tree.descendants(parent)) {
    if (below->node.kind != model::Kind::kProcess || below->node.state == State::kStopping)
      continue;
    const JobPtr job = core_.jobs.find(below->node.id);
    if (job) std::ignore = end(job, {.event = Event::kCancel, .cause = cause});
  }
}

Task<> Supervisor::end_with_engine(Duration patience) {
  std::vector<LiveNodePtr> sandboxes;
  for (const LiveNodePtr& live : core_.tree.all()) {
    if (live->node.spec.on_engine_exit != model::OnEngineExit::kKill) continue;
    const JobPtr job = core_.jobs.find(live->node.id);
    if (!job || !job->is_started) continue;
    const Cause cause{Cause::Type::kStoppedBy, 0, "engine"};
    const Farewell at_once{.signal = SIGKILL, .grace = {}};
    std::ignore = end(job, {.event = Event::kStop, .cause = cause, .farewell = at_once});
    sandboxes.push_back(job->sandbox);
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (const LiveNodePtr& sandbox : sandboxes) {
    const auto left = deadline - std::chrono::steady_clock::now();
    std::ignore = co_await sandbox->ended.wait_for(std::chrono::ceil<Duration>(left));
  }
}

Task<> Supervisor::terminate(JobPtr job, Farewell farewell) {
  const NodeId sandbox = job->sandbox->node.id;
  co_await core_.journal.commit();  // That it shall end is durable before anything is done to it.
  if (job->finished.is_open()) co_return;
  failpoint("signal.before");
  if (farewell.signal != SIGKILL && farewell.grace > Duration::zero()) {
    // A failure means that nothing is left to signal, or that only killing helps.
    std::ignore = co_await core_.sandboxes.signal(sandbox, farewell.signal);
    std::ignore = co_await core_.sandboxes.thaw(sandbox);
    if (co_await job->finished.wait_for(farewell.grace)) co_return;
  }
  failpoint("kill.before");
  const Result<> killed = co_await core_.sandboxes.kill(sandbox);
  if (!killed && !job->finished.is_open()) {
    spdlog::error("killing sandbox {}: {}", sandbox.to_text(), killed.error().message);
  }
}

Task<> Supervisor::watch_deadline(JobPtr job, Timestamp started_at) {
  if (job->finished.is_open()) co_return;  // Before there was a deadline to cancel.
  // A length of time, which no turn of the clock changes. Of what passed while no engine ran only
  // the clock knows; one that was set back meanwhile gives the whole time once more.
  const auto passed = std::max(core_.clock() - started_at, Timestamp::duration::zero());
  job->deadline.emplace(core_.executor, *job->process->node.spec.sandbox.limits.timeout - passed);
  boost::system::error_code cancelled;
  co_await job->deadline->async_wait(
      boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  if (cancelled) co_return;
  const Cause cause{Cause::Type::kTimeout, 0, {}};
  std::ignore = end(job, {.event = Event::kExpire, .cause = cause});
}

}  // namespace warren::engine
