// SPDX-License-Identifier: Apache-2.0
//
// What a session needs of whoever has all of them. On the sessions' thread.

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "gateway/connections.h"
#include "gateway/edge/frame_watch.h"
#include "gateway/edge/peers.h"
#include "gateway/edge/stream_quota.h"
#include "gateway/edge/tls_context.h"
#include "os/unique_fd.h"

namespace warren::gateway {

// A client's place among the connections, and what its streams are counted with.
struct ClientPlace {
  std::shared_ptr<StreamQuota> client;
  std::shared_ptr<StreamQuota> all;
};

class SessionHost {
 public:
  virtual ~SessionHost() = default;

  [[nodiscard]] virtual TlsContext tls_context() = 0;
  [[nodiscard]] virtual const FrameWatch::Bounds& frame_bounds() const = 0;

  // A client has shaken hands. Fails where it has as many connections as it may.
  [[nodiscard]] virtual Result<ClientPlace> admit(ConnectionId connection, const Shown& shown) = 0;
  // The end of a new connection of the library's.
  [[nodiscard]] virtual Result<os::UniqueFd> connect_to_library(ConnectionId connection) = 0;
  // Tells the sessions which of their calls were seen meanwhile; says whether there were any.
  virtual bool share_seen() = 0;
  // The session needs nothing any more.
  virtual void ended(ConnectionId connection) = 0;

  // For what a step moves, and no longer than that: one for all sessions.
  [[nodiscard]] virtual std::span<std::byte> scratch() = 0;
};

}  // namespace warren::gateway
