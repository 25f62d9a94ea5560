// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/forward.h"

#include <optional>
#include <string>
#include <utility>

#include "base/co_try.h"
#include "client/remote/relay/pipes.h"
#include "client/remote/relay/remote_call.h"
#include "warren/v1/remote.pb.h"
#include "wire/codec.h"

namespace warren::relay {
namespace {

// What of a message is for us. A message of another system has nothing, nor has one that is larger
// than all of warren.v1.
v1::Remote remote_of(std::string_view message) {
  v1::Carrier carrier;
  if (message.size() > wire::kLargestFrame ||
      !carrier.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return {};
  }
  return std::move(*carrier.mutable_remote());
}

// The answers, up to the last one or until the command line wants no more of them.
loop::Task<Result<>> forward_answers(wire::Call& call, RemoteCall& remote, Pipes& pipes) {
  for (;;) {
    std::optional<std::string> message = co_await remote.read();
    if (!message) co_return Result<>();
    WARREN_CO_TRY(auto handed, pipes.take(remote_of(*message)));
    pipes.end_requests_when_done();
    WARREN_CO_TRY(co_await call.send(*std::move(message), std::move(handed)));
  }
}

// Takes what a call that was cancelled may still bring.
loop::Task<> drain(RemoteCall& remote) {
  for (;;) {
    const std::optional<std::string> message = co_await remote.read();
    if (!message) co_return;
  }
}

}  // namespace

loop::Task<Result<>> forward(std::shared_ptr<wire::Call> call, grpc::GenericStub& stub,
                             loop::Executor executor) {
  const auto remote = RemoteCall::start(stub, "/" + std::string(call->method()), executor);
  call->on_cancel([remote] { remote->cancel(); });
  const bool goes_on = remote_of(call->request()).more();
  Outgoing request{.bytes = call->request(), .owner = call};
  const auto last = goes_on ? RemoteCall::Last::kNo : RemoteCall::Last::kYes;
  const bool taken = co_await remote->write(std::move(request), last);
  Pipes pipes(remote, executor, goes_on && taken ? Pipes::Requests::kGoOn : Pipes::Requests::kOver);
  const Result<> answered = co_await forward_answers(*call, *remote, pipes);
  if (!answered) {
    remote->cancel();
    co_await drain(*remote);
  }
  co_await pipes.close();
  Result<> status = co_await remote->finish();
  call->on_cancel(nullptr);
  if (!answered) co_return answered;
  co_return status;
}

}  // namespace warren::relay
