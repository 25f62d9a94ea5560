// SPDX-License-Identifier: Apache-2.0

#include <utility>

#include "client/run_call.h"
#include "client/run_session.h"

namespace warren::client {
namespace {

// A job that an engine has accepted, and the connection that it said so on.
struct Accepted {
  wire::ClientChannel channel;
  wire::CallId call;
  v1::RunEvent event;
  std::vector<os::UniqueFd> descriptors;
};

Result<Accepted> submit(wire::ClientChannel channel, const RunSettings& settings) {
  const wire::CallId call = WARREN_TRY(open_run(channel, settings.engine, settings.request));
  wire::CallEvent event = WARREN_TRY(channel.next_of(call));
  if (event.end) {
    WARREN_TRY(Result<>(*event.end));
    return fail(Errc::kInternal, "the engine did not say the job's id");
  }
  v1::RunEvent first;
  if (!first.ParseFromString(event.message)) {
    return fail(Errc::kInternal, "the engine's answer is malformed");
  }
  return Accepted{std::move(channel), call, std::move(first), std::move(event.descriptors)};
}

// With its end, the engine answers for what it was sent.
Result<> await_end(wire::ClientChannel& channel, wire::CallId call) {
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(channel.next_of(call));
    if (event.end) return *event.end;
  }
}

}  // namespace

Result<std::string> run_detached(RunSettings settings) {
  settings.request.set_detach(true);
  auto channel = WARREN_TRY(connect(settings.engine, Startup::kIfAbsent));
  Accepted accepted = WARREN_TRY(submit(std::move(channel), settings));
  std::string id = accepted.event.id();
  if (accepted.event.has_uploads()) {
    std::size_t next = 0;
    os::UniqueFd pipe = WARREN_TRY(take_next(accepted.descriptors, next));
    WARREN_TRY(send_uploads(accepted.channel, id, settings.uploads, pipe));
    pipe.reset();
    WARREN_TRY(await_end(accepted.channel, accepted.call));
  }
  if (settings.introduced) settings.introduced(accepted.event);
  return id;
}

}  // namespace warren::client
