// SPDX-License-Identifier: Apache-2.0
//
// The native API's calls: finds out who is calling, asks the table of roles, and hands the call to
// whoever serves it.

#pragma once

#include <array>
#include <functional>
#include <string_view>

#include "engine/control_calls.h"
#include "engine/core.h"
#include "engine/directory.h"
#include "engine/query_calls.h"
#include "engine/run_calls.h"
#include "engine/supervisor.h"
#include "engine/watch_calls.h"
#include "wire/server.h"

namespace warren::engine {

class Service {
 public:
  // `shut_down` is called once, on the loop, when an admin asks the engine to end.
  Service(Core& core, Supervisor& supervisor, EngineFacts facts, std::function<void()> shut_down);

  void register_on(wire::Server& server);

 private:
  using Handle = Task<Result<>> (*)(Service&, KnownCall);
  struct Route {
    std::string_view method_name;
    model::Method method;
    Handle handle;
  };
  static const std::array<Route, 15> kRoutes;

  // A handle: what the member function kServe of the member kCalls does.
  template <auto kCalls, auto kServe>
  [[nodiscard]] static Task<Result<>> pass_to(Service& service, KnownCall call);

  [[nodiscard]] Task<Result<>> serve(CallPtr call, const Route& route);
  [[nodiscard]] Task<Result<model::Caller>> identify_peer(wire::Peer peer);
  [[nodiscard]] Task<Result<>> end_engine(KnownCall call);

  Core& core_;
  Directory directory_;
  RunCalls run_;
  QueryCalls query_;
  WatchCalls watch_;
  ControlCalls control_;
  std::function<void()> shut_down_;
};

}  // namespace warren::engine
