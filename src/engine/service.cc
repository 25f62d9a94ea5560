// SPDX-License-Identifier: Apache-2.0

#include "engine/service.h"

#include <array>
#include <utility>

#include "base/co_try.h"
#include "engine/identities.h"
#include "engine/utf8.h"
#include "wire/methods.h"

namespace warren::engine {

using model::Method;

template <auto kCalls, auto kServe>
Task<Result<>> Service::pass_to(Service& service, KnownCall call) {
  return ((service.*kCalls).*kServe)(std::move(call));
}

// Shutdown's effect is its answer, so it is served here.
constexpr std::array<Service::Route, 15> Service::kRoutes{{
    {wire::kRun, Method::kRun, pass_to<&Service::run_, &RunCalls::run>},
    {wire::kPlan, Method::kPlan, pass_to<&Service::run_, &RunCalls::plan>},
    {wire::kGet, Method::kGet, pass_to<&Service::query_, &QueryCalls::get>},
    {wire::kList, Method::kList, pass_to<&Service::query_, &QueryCalls::list>},
    {wire::kLog, Method::kLog, pass_to<&Service::watch_, &WatchCalls::log>},
    {wire::kWait, Method::kWait, pass_to<&Service::query_, &QueryCalls::wait>},
    {wire::kStop, Method::kStop, pass_to<&Service::control_, &ControlCalls::stop>},
    {wire::kSignal, Method::kSignal, pass_to<&Service::control_, &ControlCalls::signal>},
    {wire::kPause, Method::kPause, pass_to<&Service::control_, &ControlCalls::pause>},
    {wire::kResume, Method::kResume, pass_to<&Service::control_, &ControlCalls::resume>},
    {wire::kDelete, Method::kDelete, pass_to<&Service::control_, &ControlCalls::remove>},
    {wire::kEvents, Method::kEvents, pass_to<&Service::watch_, &WatchCalls::events>},
    {wire::kStats, Method::kStats, pass_to<&Service::watch_, &WatchCalls::stats>},
    {wire::kDoctor, Method::kDoctor, pass_to<&Service::query_, &QueryCalls::doctor>},
    {wire::kShutdown, Method::kShutdown,
     [](Service& s, KnownCall c) { return s.end_engine(std::move(c)); }},
}};

Service::Service(Core& core, Supervisor& supervisor, EngineFacts facts,
                 std::function<void()> shut_down)
    : core_(core),
      directory_(core),
      run_(core, supervisor, directory_),
      query_(core, directory_, std::move(facts)),
      watch_(core, directory_),
      control_(core, supervisor, directory_),
      shut_down_(std::move(shut_down)) {}

void Service::register_on(wire::Server& server) {
  for (const Route& route : kRoutes) {
    server.handle(route.method_name,
                  [this, &route](CallPtr call) { return serve(std::move(call), route); });
  }
}

Task<Result<>> Service::serve(CallPtr call, const Route& route) {
  WARREN_CO_TRY(model::Caller caller, co_await identify_peer(call->peer()));
  WARREN_CO_TRY(model::authorize(caller, route.method, caller.principal, caller.face));
  KnownCall known{.call = std::move(call), .caller = std::move(caller)};
  Result<> done = co_await route.handle(*this, std::move(known));
  if (!done) done.error().message = to_utf8(done.error().message);
  co_return done;
}

Task<Result<model::Caller>> Service::identify_peer(wire::Peer peer) {
  // The socket on which it was said has vouched for it.
  if (peer.on_behalf_of) co_return identify(*peer.on_behalf_of, core_.config);
  if (peer.uid == 0) {
    co_return model::Caller{.principal = model::Principal::of_account(0, "root"),
                            .role = model::Role::kAdmin};
  }
  auto look_up = [peer] { return look_up_account(peer); };
  const Account account = co_await core_.pool.run(std::move(look_up));
  co_return identify(peer.uid, account, core_.config);
}

Task<Result<>> Service::end_engine(KnownCall call) {
  const Result<> answered = co_await reply(call.call, v1::Empty());
  shut_down_();
  co_return answered;
}

}  // namespace warren::engine
