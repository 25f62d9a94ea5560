// SPDX-License-Identifier: Apache-2.0

#include "engine/control_calls.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <csignal>
#include <utility>

#include "base/co_try.h"
#include "base/failpoint.h"
#include "engine/translate.h"

namespace warren::engine {
namespace {

using model::Event;
using model::Method;

constexpr std::chrono::seconds kRemovalPatience{10};

Result<> check_signal(std::uint32_t number) {
  if (number >= 1 && number <= static_cast<std::uint32_t>(SIGRTMAX)) return {};
  return fail(Errc::kInvalidArgument, "{} is not a signal", number);
}

std::string_view state_of(const JobPtr& job) {
  return model::to_text(job->process->node.state);
}

}  // namespace

Task<Result<JobPtr>> ControlCalls::find_job(std::string name, model::Caller caller, Method method) {
  WARREN_CO_TRY(const FoundNode found, co_await directory_.find(name, caller, method));
  if (found.node().kind != model::Kind::kProcess) {
    co_return fail(Errc::kFailedPrecondition, "{} is the sandbox of a job and goes with it", name);
  }
  const JobPtr job = core_.jobs.find(found.node().id);
  if (!found.live || !job || model::is_final(job->process->node.state)) {
    co_return fail(Errc::kFailedPrecondition, "{} has already ended", name);
  }
  co_return job;
}

Task<Result<JobPtr>> ControlCalls::find_requested(KnownCall call, Method method) {
  WARREN_CO_TRY(const v1::NodeRequest request, parse<v1::NodeRequest>(*call.call));
  WARREN_CO_TRY(const JobPtr job, co_await find_job(request.node(), call.caller, method));
  co_await settle(call, job);
  co_return job;
}

// A command that is about to start is as good as started.
Task<> ControlCalls::settle(KnownCall call, JobPtr job) {
  if (!job->admitted.is_open()) co_return;
  const std::shared_ptr<Gate> gone = gone_gate(*call.call);
  co_await job->settled.wait_either(*gone);
}

Task<Result<>> ControlCalls::stop(KnownCall call) {
  WARREN_CO_TRY(const v1::StopRequest request, parse<v1::StopRequest>(*call.call));
  if (request.signal() != 0) {
    WARREN_CO_TRY(check_signal(request.signal()));
  }
  WARREN_CO_TRY(const JobPtr job, co_await find_job(request.node(), call.caller, Method::kStop));
  const std::string& by = call.caller.principal.name;
  EndOrder order{.event = Event::kStop,
                 .cause = {.type = model::Cause::Type::kStoppedBy, .subject = by},
                 .farewell = from_proto(request)};
  const LiveNodePtr process = job->process;
  if (!supervisor_.end(job, std::move(order))) {
    co_return fail(Errc::kFailedPrecondition, "{} has already ended", request.node());
  }
  const std::shared_ptr<Gate> gone = gone_gate(*call.call);
  co_await process->ended.wait_either(*gone);
  co_return co_await reply(call.call, to_proto(process->node));
}

Task<Result<>> ControlCalls::signal(KnownCall call) {
  WARREN_CO_TRY(const v1::SignalRequest request, parse<v1::SignalRequest>(*call.call));
  WARREN_CO_TRY(check_signal(request.signal()));
  WARREN_CO_TRY(const JobPtr job, co_await find_job(request.node(), call.caller, Method::kSignal));
  co_await settle(call, job);
  if (!job->is_started) {
    co_return fail(Errc::kFailedPrecondition, "{} is {}: there is nothing to signal",
                   request.node(), state_of(job));
  }
  WARREN_CO_TRY(
      co_await core_.sandboxes.signal(job->sandbox->node.id, static_cast<int>(request.signal())));
  co_return co_await reply(call.call, to_proto(job->process->node));
}

Result<> ControlCalls::change_both(const JobPtr& job, Event event) {
  if (!core_.journal.apply(job->process, {.event = event, .at = core_.clock()})) {
    return fail(Errc::kFailedPrecondition, "it is {}", state_of(job));
  }
  std::ignore = core_.journal.apply(job->sandbox, {.event = event, .at = core_.clock()});
  return {};
}

// The intent is durable before the sandbox is touched; an engine that takes over repeats the rest.
Task<Result<>> ControlCalls::pause(KnownCall call) {
  WARREN_CO_TRY(const JobPtr job, co_await find_requested(call, Method::kPause));
  WARREN_CO_TRY(context(change_both(job, Event::kPause), "cannot pause"));
  co_await core_.journal.commit();
  failpoint("freeze.before");
  const Result<> frozen = co_await core_.sandboxes.freeze(job->sandbox->node.id);
  if (!frozen) {
    std::ignore = change_both(job, Event::kResume);
    co_return frozen;
  }
  co_return co_await reply(call.call, to_proto(job->process->node));
}

Task<Result<>> ControlCalls::resume(KnownCall call) {
  WARREN_CO_TRY(const JobPtr job, co_await find_requested(call, Method::kResume));
  WARREN_CO_TRY(context(change_both(job, Event::kResume), "cannot resume"));
  co_await core_.journal.commit();
  failpoint("thaw.before");
  const Result<> thawed = co_await core_.sandboxes.thaw(job->sandbox->node.id);
  if (!thawed) {
    std::ignore = change_both(job, Event::kPause);
    co_return thawed;
  }
  co_return co_await reply(call.call, to_proto(job->process->node));
}

Task<Result<>> ControlCalls::remove(KnownCall call) {
  WARREN_CO_TRY(const v1::NodeRequest request, parse<v1::NodeRequest>(*call.call));
  WARREN_CO_TRY(const FoundNode found,
                co_await directory_.find(request.node(), call.caller, Method::kDelete));
  const model::Node& node = found.node();
  if (node.kind != model::Kind::kProcess) {
    co_return fail(Errc::kFailedPrecondition, "{} is the sandbox of a job and goes with it",
                   request.node());
  }
  if (!model::is_final(node.state)) {
    co_return fail(Errc::kFailedPrecondition, "{} is {}: stop it first", request.node(),
                   model::to_text(node.state));
  }
  WARREN_CO_TRY(co_await wait_for_sandbox(node));
  failpoint("delete.before");
  WARREN_CO_TRY(co_await core_.sandboxes.remove_log(node.id));
  store::Batch batch;
  batch.emplace_back(store::DeleteNode{node.id});
  if (node.sandbox) batch.emplace_back(store::DeleteNode{*node.sandbox});
  WARREN_CO_TRY(co_await core_.journal.submit(std::move(batch)));
  failpoint("delete.after");
  co_return co_await reply(call.call, v1::Empty());
}

Task<Result<>> ControlCalls::wait_for_sandbox(model::Node process) {
  if (!process.sandbox) co_return Result<>{};
  const LiveNodePtr sandbox = core_.tree.find(*process.sandbox);
  if (!sandbox) co_return Result<>{};
  if (co_await sandbox->ended.wait_for(kRemovalPatience)) co_return Result<>{};
  co_return fail(Errc::kFailedPrecondition, "its sandbox is still being removed");
}

}  // namespace warren::engine
