// SPDX-License-Identifier: Apache-2.0
//
// One call for each of several nodes.

#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "client/cli/session.h"

namespace warren::client::cli {

// An engine serves no more than 256 calls of one client at a time.
inline constexpr std::size_t kMostCallsAtOnce = 128;

// Waits for the end of the first of `calls` and takes it from them. A failure of the call is said
// and decides the exit status; this itself fails when the engine goes.
[[nodiscard]] Result<> finish_first(Session& session, wire::ClientChannel& channel,
                                    std::deque<wire::CallId>& calls);

// Calls `method` with `request` for each of `nodes`, many at the same time, and waits for all: one
// that fails or takes long keeps none of the others.
template <typename Request>
[[nodiscard]] Result<> call_each(Session& session, std::string_view method, Request request,
                                 const std::vector<std::string>& nodes) {
  EngineClient engine = WARREN_TRY(session.connect());
  std::deque<wire::CallId> calls;
  for (const std::string& node : nodes) {
    if (calls.size() == kMostCallsAtOnce) {
      WARREN_TRY(finish_first(session, engine.channel(), calls));
    }
    request.set_node(node);
    calls.push_back(WARREN_TRY(engine.channel().open(method, request)));
  }
  while (!calls.empty()) WARREN_TRY(finish_first(session, engine.channel(), calls));
  return {};
}

}  // namespace warren::client::cli
