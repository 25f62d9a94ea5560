// SPDX-License-Identifier: Apache-2.0

#include "engine/run_calls.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/co_try.h"
#include "base/failpoint.h"
#include "engine/await_done.h"
#include "engine/translate.h"

namespace warren::engine {
namespace {

constexpr std::size_t kLongestKey = 255;

v1::RunEvent introduction(const model::Node& node) {
  v1::RunEvent event;
  event.set_id(node.id.to_text());
  event.set_seq(node.seq);
  return event;
}

void add_output(Result<provider::LogFiles> files, v1::RunEvent& event,
                std::vector<os::UniqueFd>& descriptors) {
  if (!files) return;  // The command never ran: there is nothing to read.
  event.set_has_output(true);
  descriptors.push_back(std::move(files->stdout_file));
  descriptors.push_back(std::move(files->stderr_file));
  descriptors.push_back(std::move(files->index));
  if (files->event) descriptors.push_back(std::move(files->event));
}

// On the host itself a command can be any user but root: that is more than its caller may be.
Result<> check_profile(const model::JobSpec& spec, const model::Caller& caller) {
  if (spec.sandbox.profile != model::Profile::kHost || caller.role == model::Role::kAdmin) {
    return {};
  }
  return fail(Errc::kPermissionDenied, "profile: role {} may not use the host profile",
              model::to_text(caller.role));
}

// Whether the client asked for anything that is there only once its command has started.
bool wants_start(const v1::RunRequest& request) {
  return request.output() || request.spec().input() || request.stages();
}

}  // namespace

struct RunCalls::Upload {
  Gate complete;
  Result<> outcome;
};

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
  wanted.caller = call.caller;
  wanted.key = request.idempotency_key();
  wanted.fingerprint = fingerprint(request.spec());
  wanted.received = received;
  WARREN_CO_TRY(const Accepted accepted, co_await intake_.accept(std::move(wanted)));
  if (!accepted.fresh) {
    Result<> served = co_await repeat(call.call, accepted.process, request);
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
  WARREN_CO_TRY(check_profile(spec, caller));
  if (!message.parent().empty()) {
    WARREN_CO_TRY(const FoundNode parent,
                  co_await directory_.find(message.parent(), caller, model::Method::kRun));
    spec.parent = parent.node().id;
  }
  co_return spec;
}

Task<Result<>> RunCalls::begin(CallPtr call, JobPtr job, v1::RunRequest request) {
  if (job->process->node.spec.wait_for_uploads) {
    v1::RunEvent event = introduction(job->process->node);
    Result<os::UniqueFd> archive = co_await open_upload(job);
    if (archive) {
      event.set_has_uploads(true);
      std::vector<os::UniqueFd> descriptors;
      descriptors.push_back(*std::move(archive));
      WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(descriptors)));
    } else {
      supervisor_.refuse(job, archive.error());
      WARREN_CO_TRY(co_await reply(call, event));
    }
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

Task<Result<>> RunCalls::attach(CallPtr call, JobPtr job, v1::RunRequest request) {
  const std::shared_ptr<Gate> gone = gone_gate(*call);
  co_await job->settled.wait_either(*gone);
  if (gone->is_open()) co_return client_is_gone();
  v1::RunEvent event = introduction(job->process->node);
  std::vector<os::UniqueFd> descriptors;
  if (request.spec().input() && std::exchange(job->keeps_input, false)) {
    WARREN_CO_TRY(job->input, co_await core_.sandboxes.take_input(job->sandbox->node.id));
  }
  const bool has_input = static_cast<bool>(job->input);
  if (has_input) {
    failpoint("input.before");
    event.set_has_input(true);
    descriptors.push_back(std::move(job->input));
  }
  if (request.output()) {
    add_output(core_.sandboxes.provider().open_log(job->process->node.id), event, descriptors);
  }
  if (request.stages() && job->times.made) *event.mutable_stages() = to_proto(job->times);
  Result<> sent = co_await call->send(event.SerializeAsString(), std::move(descriptors));
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

Task<Result<>> RunCalls::repeat(CallPtr call, NodeId first, v1::RunRequest request) {
  Result<FoundNode> known = co_await directory_.find_by_id(first);
  if (!known && known.error().code == Errc::kNotFound) {
    co_return fail(Errc::kNotFound, "job {} of this idempotency key has been forgotten",
                   first.to_text());
  }
  WARREN_CO_TRY(const FoundNode found, std::move(known));
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
    std::vector<os::UniqueFd> descriptors;
    add_output(core_.sandboxes.provider().open_log(first), event, descriptors);
    WARREN_CO_TRY(co_await call->send(event.SerializeAsString(), std::move(descriptors)));
  }
  if (request.detach()) co_return Result<>{};
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

Task<Result<os::UniqueFd>> RunCalls::open_upload(JobPtr job) {
  const auto upload = std::make_shared<Upload>();
  auto start = [this, job, upload](provider::Done<os::UniqueFd> opened) {
    auto unpacked = [executor = core_.executor, upload](Result<> outcome) {
      boost::asio::post(executor, [upload, outcome = std::move(outcome)] {
        upload->outcome = outcome;
        upload->complete.open();
      });
    };
    core_.sandboxes.provider().upload(supervisor_.order_of(*job), std::move(opened),
                                      std::move(unpacked));
  };
  Result<os::UniqueFd> archive = co_await await_done<Result<os::UniqueFd>>(std::move(start));
  if (archive) spawn(core_.executor, receive_upload(job, upload));
  co_return context(std::move(archive), "upload");
}

Task<> RunCalls::receive_upload(JobPtr job, std::shared_ptr<Upload> upload) {
  co_await upload->complete.wait();
  if (upload->outcome) {
    supervisor_.enqueue(job);
  } else {
    const Result<> refused = context(upload->outcome, "upload");
    supervisor_.refuse(job, refused.error());
  }
}

void RunCalls::client_has_left(const JobPtr& job, const model::Caller& caller) {
  if (core_.is_going_down) return;
  if (job->process->node.spec.on_client_exit != model::OnClientExit::kStop) return;
  const model::Cause cause{.type = model::Cause::Type::kStoppedBy, .subject = caller.name};
  std::ignore = supervisor_.end(job, {.event = model::Event::kStop, .cause = cause});
}

}  // namespace warren::engine
