// SPDX-License-Identifier: Apache-2.0

#include "engine/run_calls.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/co_try.h"
#include "base/failpoint.h"
#include "engine/face_caps.h"
#include "engine/translate.h"
#include "os/context.h"
#include "os/socket.h"

namespace warren::engine {
namespace {

constexpr std::size_t kLongestKey = 255;

v1::RunEvent introduction(const model::Node& node) {
  v1::RunEvent event;
  event.set_id(node.id.to_text());
  event.set_seq(node.seq);
  if (node.scheduled_at) event.set_scheduled_at(node.scheduled_at->time_since_epoch().count());
  return event;
}

void add_output(Result<provider::LogFiles> files, v1::RunEvent& event,
                std::vector<wire::Handed>& handed) {
  if (!files) return;  // The command never ran: there is nothing to read.
  event.set_has_output(true);
  hand_over(*std::move(files), handed);
}

// Whether the client asked for anything that is there only once its command has started.
bool wants_start(const v1::RunRequest& request) {
  return request.output() || request.spec().input() || request.stages();
}

// Fails where the files of a job did not arrive: whoever repeats the call that made it has not
// heard of that.
Result<> check_files(const model::Node& node, const JobPtr& job) {
  constexpr std::string_view kStage = "upload";
  const bool is_known = node.cause.type == model::Cause::Type::kStartFailed;
  if (is_known && node.cause.subject == kStage) {
    return fail(Errc::kFailedPrecondition, "{}", node.message);
  }
  if (!job || !job->ended || job->ended->failed_stage != kStage) return {};
  return fail(Errc::kFailedPrecondition, "{}", job->ended->message);
}

}  // namespace

Task<Result<>> RunCalls::plan(KnownCall call) {
  WARREN_CO_TRY(const v1::RunRequest request, parse<v1::RunRequest>(*call.call));
  WARREN_CO_TRY(model::JobSpec asked, co_await spec_of(request.spec(), call.caller));
  WARREN_CO_TRY(const model::JobSpec spec, intake_.complete(std::move(asked)));
  v1::PlanReply answer;
  WARREN_CO_TRY(*answer.mutable_text(), core_.sandboxes.provider().plan_text(spec));
  co_return co_await reply(call.call, answer);
}

Task<Result<>> RunCalls::run(KnownCall call) {
  const provider::Moment received = provider::this_moment();
  WARREN_CO_TRY(const v1::RunRequest request, parse<v1::RunRequest>(*call.call));
  if (request.idempotency_key().size() > kLongestKey) {
    co_return fail(Errc::kInvalidArgument, "idempotency key: longer than {} bytes", kLongestKey);
  }
  JobRequest wanted;
  WARREN_CO_TRY(wanted.spec, co_await spec_of(request.spec(), call.caller));
  WARREN_CO_TRY(wanted.start, start_from_proto(request.spec()));
  wanted.caller = call.caller;
  wanted.key = request.idempotency_key();
  wanted.fingerprint = fingerprint(request.spec());
  wanted.received = received;
  WARREN_CO_TRY(const Accepted accepted, co_await intake_.accept(std::move(wanted)));
  if (!accepted.fresh) {
    Result<> served = co_await repeat(call, accepted.process, request);
    const JobPtr known = core_.jobs.find(accepted.process);
    if (known && !request.detach() && call.call->is_cancelled()) {
      client_has_left(known, call.caller);
    }
    co_return served;
  }

  const JobPtr job = accepted.fresh;
  Result<> served = co_await begin(call.call, job, request);
  if (served && !request.detach()) served = co_await follow(call.call, job->process);
  if (job->input) end_input(job);
  if (!request.detach() && call.call->is_cancelled()) client_has_left(job, call.caller);
  co_return served;
}

Task<Result<model::JobSpec>> RunCalls::spec_of(v1::Spec message, model::Caller caller) {
  WARREN_CO_TRY(model::JobSpec spec, from_proto(message));
  WARREN_CO_TRY(spec, apply_caps(caps_of(core_.config, caller.face), caller, std::move(spec)));
  if (!message.parent().empty()) {
    WARREN_CO_TRY(const FoundNode parent,
                  co_await directory_.find(message.parent(), caller, model::Method::kRun));
    spec.parent = parent.node().id;
  }
  co_return spec;
}

Task<Result<>> RunCalls::begin(CallPtr call, JobPtr job, v1::RunRequest request) {
  if (job->process->node.spec.wait_for_uploads) {
    WARREN_CO_TRY(co_await begin_with_upload(call, job, request));
    if (!wants_start(request)) co_return Result<>{};
  } else {
    supervisor_.enqueue(job);
    // A client whose job has to wait learns its id at once, its descriptors when it starts.
    const bool must_wait = !job->admitted.is_open();
    if (must_wait || !wants_start(request)) {
      WARREN_CO_TRY(co_await reply(call, introduction(job->process->node)));
    }
    if (!wants_start(request)) co_return Result<>{};
  }
  co_return co_await attach(call, job, std::move(request));
}

// Where nobody waits for a start, or for its time to come first, the end of this call says whether
// the files have arrived.
Task<Result<>> RunCalls::begin_with_upload(CallPtr call, JobPtr job, v1::RunRequest request) {
  v1::RunEvent event = introduction(job->process->node);
  const bool is_kept = job->process->node.state == model::State::kScheduled;
  Result<Upload> upload = co_await open_upload(job);
  if (!upload) {
    supervisor_.refuse(job, upload.error());
    WARREN_CO_TRY(co_await reply(call, event));
    if (wants_start(request)) co_return Result<>{};
    co_return std::unexpected(std::move(upload.error()));
  }
  event.set_has_uploads(true);
  std::vector<wire::Handed> handed;
  handed.push_back({.kind = v1::HANDED_ARCHIVE, .descriptor = std::move(upload->archive)});
  WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(handed)));
  if (!is_kept && wants_start(request)) {
    co_return co_await say_if_waiting(call, job, upload->outcome);
  }
  const std::shared_ptr<Gate> gone = gone_gate(*call);
  co_await upload->outcome->known.wait_either(*gone);
  if (gone->is_open()) co_return client_is_gone();
  co_return context(upload->outcome->result, "upload");
}

Task<Result<>> RunCalls::say_if_waiting(CallPtr call, JobPtr job,
                                        std::shared_ptr<Upload::Outcome> outcome) {
  const std::shared_ptr<Gate> gone = gone_gate(*call);
  co_await outcome->passed_on.wait_either(*gone);
  if (gone->is_open()) co_return client_is_gone();
  if (job->admitted.is_open()) co_return Result<>{};
  co_return co_await reply(call, introduction(job->process->node));
}

Task<Result<>> RunCalls::attach(CallPtr call, JobPtr job, v1::RunRequest request) {
  const std::shared_ptr<Gate> gone = gone_gate(*call);
  co_await job->settled.wait_either(*gone);
  if (gone->is_open()) co_return client_is_gone();
  v1::RunEvent event = introduction(job->process->node);
  std::vector<wire::Handed> handed;
  if (request.spec().input() && std::exchange(job->keeps_input, false)) {
    WARREN_CO_TRY(job->input, co_await core_.sandboxes.take_input(job->sandbox->node.id));
  }
  const bool has_input = static_cast<bool>(job->input);
  if (has_input) {
    failpoint("input.before");
    event.set_has_input(true);
    handed.push_back({.kind = v1::HANDED_INPUT, .descriptor = std::move(job->input)});
  }
  if (request.output()) {
    add_output(core_.sandboxes.provider().open_log(job->process->node.id), event, handed);
  }
  if (request.stages() && job->times.made) *event.mutable_stages() = to_proto(job->times);
  Result<> sent = co_await call->send(event.SerializeAsString(), std::move(handed));
  if (has_input) {
    failpoint("input.after");
    end_input(job);  // The client has it now, or is gone.
  }
  co_return sent;
}

void RunCalls::end_input(const JobPtr& job) {
  job->keeps_input = false;
  job->input.reset();
  core_.sandboxes.release_input(job->sandbox->node.id);
}

Task<Result<>> RunCalls::repeat(KnownCall repeated, NodeId first, v1::RunRequest request) {
  const CallPtr call = repeated.call;
  Result<FoundNode> known = co_await directory_.find_by_id(first);
  if (!known && known.error().code == Errc::kNotFound) {
    co_return fail(Errc::kNotFound, "job {} of this idempotency key has been forgotten",
                   first.to_text());
  }
  WARREN_CO_TRY(const FoundNode found, std::move(known));
  // Keys belong to a name, nodes to whoever has it: the account that had it before was another one.
  if (!found.node().owner.is(repeated.caller.principal)) {
    co_return fail(Errc::kAlreadyExists, "idempotency key '{}' was used by another owner",
                   request.idempotency_key());
  }
  const JobPtr job = core_.jobs.find(first);
  const std::shared_ptr<Following> following = job ? job->follow() : nullptr;
  if (job) job->client_is_back.open();
  if (job && job->keeps_input && !request.spec().input()) end_input(job);
  const bool must_wait = job && !job->settled.is_open();  // Until then it has no output.
  if (must_wait || !wants_start(request)) {
    WARREN_CO_TRY(co_await reply(call, introduction(found.node())));
  }
  if (job && wants_start(request)) {
    WARREN_CO_TRY(co_await attach(call, job, request));
  } else if (request.output()) {
    v1::RunEvent event = introduction(found.node());
    std::vector<wire::Handed> handed;
    add_output(core_.sandboxes.provider().open_log(first), event, handed);
    WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(handed)));
  }
  if (request.detach() && wants_start(request)) co_return Result<>{};
  if (request.detach()) co_return check_files(found.node(), job);
  if (found.live) co_return co_await follow(call, found.live);
  v1::RunEvent last;
  *last.mutable_ended() = to_proto(found.node());
  co_return co_await reply(call, last);
}

Task<Result<>> RunCalls::follow(CallPtr call, LiveNodePtr process) {
  const std::shared_ptr<Gate> gone = gone_gate(*call);
  co_await process->ended.wait_either(*gone);
  if (!process->ended.is_open()) co_return client_is_gone();
  v1::RunEvent last;
  *last.mutable_ended() = to_proto(process->node);
  co_return co_await reply(call, last);
}

Task<Result<Upload>> RunCalls::open_upload(JobPtr job) {
  Result<Upload> upload;
  if (job->process->node.state == model::State::kScheduled) {
    upload = open_spool(job);
  } else {
    upload = co_await core_.sandboxes.upload(supervisor_.order_of(*job));
  }
  if (upload) spawn(core_.executor, receive_upload(job, upload->outcome));
  co_return context(std::move(upload), "upload");
}

Result<Upload> RunCalls::open_spool(const JobPtr& job) {
  os::Pipe pipe = WARREN_TRY(os::context(os::make_pipe(), "making a pipe"));
  Upload upload{.archive = std::move(pipe.write), .outcome = std::make_shared<Upload::Outcome>()};
  spawn(core_.executor, keep_upload(job, std::move(pipe.read), upload.outcome));
  return upload;
}

Task<> RunCalls::keep_upload(JobPtr job, os::UniqueFd pipe,
                             std::shared_ptr<Upload::Outcome> outcome) {
  outcome->result = co_await core_.uploads.receive(job->process->node.id, std::move(pipe));
  outcome->known.open();
}

Task<> RunCalls::receive_upload(JobPtr job, std::shared_ptr<Upload::Outcome> outcome) {
  co_await outcome->known.wait();
  if (outcome->result) {
    supervisor_.enqueue(job);
  } else {
    const Result<> refused = context(outcome->result, "upload");
    supervisor_.refuse(job, refused.error());
  }
  outcome->passed_on.open();
}

void RunCalls::client_has_left(const JobPtr& job, const model::Caller& caller) {
  if (core_.is_going_down) return;
  if (job->process->node.spec.on_client_exit != model::OnClientExit::kStop) return;
  const std::string& by = caller.principal.name;
  const model::Cause cause{.type = model::Cause::Type::kStoppedBy, .subject = by};
  std::ignore = supervisor_.end(job, {.event = model::Event::kStop, .cause = cause});
}

}  // namespace warren::engine
