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

// Shutdown's effect is its answer, so it is served here.
const std::array<Service::Route, 15> Service::kRoutes{{
    {wire::kRun, Method::kRun, [](Service& s, KnownCall c) { return s.run_.run(c); }},
    {wire::kPlan, Method::kPlan, [](Service& s, KnownCall c) { return s.run_.plan(c); }},
    {wire::kGet, Method::kGet, [](Service& s, KnownCall c) { return s.query_.get(c); }},
    {wire::kList, Method::kList, [](Service& s, KnownCall c) { return s.query_.list(c); }},
    {wire::kLog, Method::kLog, [](Service& s, KnownCall c) { return s.watch_.log(c); }},
    {wire::kWait, Method::kWait, [](Service& s, KnownCall c) { return s.query_.wait(c); }},
    {wire::kStop, Method::kStop, [](Service& s, KnownCall c) { return s.control_.stop(c); }},
    {wire::kSignal, Method::kSignal, [](Service& s, KnownCall c) { return s.control_.signal(c); }},
    {wire::kPause, Method::kPause, [](Service& s, KnownCall c) { return s.control_.pause(c); }},
    {wire::kResume, Method::kResume, [](Service& s, KnownCall c) { return s.control_.resume(c); }},
    {wire::kDelete, Method::kDelete, [](Service& s, KnownCall c) { return s.control_.remove(c); }},
    {wire::kEvents, Method::kEvents, [](Service& s, KnownCall c) { return s.watch_.events(c); }},
    {wire::kStats, Method::kStats, [](Service& s, KnownCall c) { return s.watch_.stats(c); }},
    {wire::kDoctor, Method::kDoctor, [](Service& s, KnownCall c) { return s.query_.doctor(c); }},
    {wire::kShutdown, Method::kShutdown, [](Service& s, KnownCall c) { return s.end_engine(c); }},
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
  WARREN_CO_TRY(model::authorize(caller, route.method, caller.uid));
  KnownCall known{.call = std::move(call), .caller = std::move(caller)};
  Result<> done = co_await route.handle(*this, std::move(known));
  if (!done) done.error().message = to_utf8(done.error().message);
  co_return done;
}

Task<Result<model::Caller>> Service::identify_peer(wire::Peer peer) {
  if (peer.uid == 0) co_return model::Caller{.uid = 0, .name = "root", .role = model::Role::kAdmin};
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
