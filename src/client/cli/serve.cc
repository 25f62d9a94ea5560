// SPDX-License-Identifier: Apache-2.0

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <memory>
#include <tuple>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/engine_start.h"
#include "client/gateway_settings.h"
#include "client/keep_running.h"
#include "client/keeper.h"
#include "client/output_stream.h"
#include "client/program.h"
#include "model/state.h"
#include "os/call.h"
#include "os/context.h"
#include "os/process.h"

namespace warren::client::cli {
namespace {

// Two engines cannot be told apart by whoever calls: the one that is there knows another file.
Result<> require_own_engine(const Services& services) {
  if (!services.has_found_engine()) return {};
  return fail(Errc::kAlreadyExists,
              "an engine runs already: 'warren serve --stop' ends it, and jobs go on");
}

Result<> keep_both(const Session& session, const SignalSource& signals, Services& services) {
  WARREN_TRY(require_own_engine(services));
  WARREN_TRY(services.open_gateway());
  WARREN_TRY(print(STDOUT_FILENO, "listening on " + services.address() + "\n"));
  return keep_running(signals, services,
                      [&session](const std::string& sentence) { session.note(sentence); });
}

// Keeps engine and gateway running.
Result<> serve_both(const Session& session, const Places& places, const GatewaySettings& gateway) {
  if (gateway.user.empty()) {
    return fail(Errc::kFailedPrecondition,
                "gateway.user is empty: nobody may call for clients of the network");
  }
  const SignalSource signals = WARREN_TRY(SignalSource::open());
  Services services = WARREN_TRY(Services::begin(
      {.places = places, .user = gateway.user, .listen = gateway.listen, .certs = gateway.certs}));
  const Result<> kept = keep_both(session, signals, services);
  if (!kept) std::ignore = services.stop_engine();  // What has failed first is the one to tell.
  return kept;
}

// In the foreground: the engine alone, which this program then becomes, or with the gateway where
// that is to listen.
Result<> serve(const Session& session) {
  WARREN_TRY(session.require_here("serve: an engine runs here"));
  const Places places = WARREN_TRY(find_places(session.flags.places));
  const GatewaySettings gateway = WARREN_TRY(read_gateway_settings(places.config));
  WARREN_TRY(require_no_keeper(places.runtime_dir));
  if (gateway.listen.empty()) return become("warrend", engine_arguments(places));
  return serve_both(session, places, gateway);
}

// Nothing runs while no engine does.
Result<> note_scheduled(const Session& session, EngineClient& engine) {
  v1::ListRequest request;
  request.add_states(std::string(model::to_text(model::State::kScheduled)));
  request.set_view(v1::ListRequest::VIEW_BASIC);
  const auto reply = WARREN_TRY(engine.call<v1::ListReply>(wire::kList, request));
  if (reply.nodes().empty()) return {};
  const auto first = std::ranges::min_element(reply.nodes(), {}, &v1::Node::scheduled_at);
  const Timestamp at{std::chrono::microseconds(first->scheduled_at())};
  session.note(fmt::format(
      "{} scheduled, the first for {}: they wait for an engine",
      reply.nodes_size() == 1 ? "1 job is" : fmt::format("{} jobs are", reply.nodes_size()),
      to_rfc3339(at)));
  return {};
}

Result<> wait_for_end(const os::UniqueFd& process) {
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  return os::context(os::call([&] { return ::poll(&ended, 1, -1); }), "waiting for the end");
}

// Asks the engine to end and waits until it has, and with it whoever keeps it and a gateway
// running. Sandboxes go on.
Result<> stop(const Session& session) {
  WARREN_TRY(session.require_here("serve --stop: an engine is ended here"));
  const Places places = WARREN_TRY(find_places(session.flags.places));
  EngineClient engine = WARREN_TRY(session.connect(Startup::kNever));
  const pid_t pid = WARREN_TRY(engine.channel().server_pid());
  const os::UniqueFd process =
      WARREN_TRY(os::context(os::open_process(pid), "watching the engine"));
  const auto keeper = find_keeper(places.runtime_dir);
  WARREN_TRY(note_scheduled(session, engine));
  const auto answer = engine.call<v1::Empty>(wire::kShutdown, v1::Empty());
  // An engine may end before its answer is out.
  if (!answer && !is_lost(answer.error())) return std::unexpected(answer.error());
  WARREN_TRY(wait_for_end(process));
  return keeper ? wait_for_end(keeper->process) : Result<>();
}

}  // namespace

void add_serve(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("serve", "Run engine and gateway in the foreground");
  const auto stops = std::make_shared<bool>(false);
  command.add_flag("--stop", *stops, "End those that run; jobs go on");
  command.callback([&session, stops] { session.finish(*stops ? stop(session) : serve(session)); });
}

}  // namespace warren::client::cli
