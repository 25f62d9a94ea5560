// SPDX-License-Identifier: Apache-2.0
//
// The gateway's gRPC end: who calls, which method it is, and whether there is room; then the
// method's handler. The gRPC library itself is seen behind this header alone.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "base/result.h"
#include "base/size.h"
#include "gateway/edge/door.h"
#include "gateway/edge/tls_context.h"
#include "gateway/identity.h"
#include "gateway/methods.h"
#include "model/identity.h"
#include "os/unique_fd.h"

namespace warren::gateway {

// A connection to the engine on which everything is asked for this client, through this face.
using ConnectToEngine =
    std::function<boost::asio::awaitable<Result<std::shared_ptr<wire::AsyncChannel>>>(
        Identity client, model::Face face)>;

struct ServerOptions {
  Methods methods;
  // Serves every path that begins with its own and is none of `methods`.
  Method others;
  ConnectToEngine connect;
  TlsContextSource tls;  // How TLS is spoken, and with whom.
  Bytes max_memory{std::uint64_t{512} << 20};
  Door::Bounds bounds = {};
};

// Used on the one thread that runs `loop`, which is also where handlers run.
class Server {
 public:
  virtual ~Server() = default;

  // Serves at `listening`, a bound socket on which listen(2) has been called and which does not
  // block.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(
      const boost::asio::any_io_executor& loop, os::UniqueFd listening, ServerOptions options);

  // Accepts nothing more, gives the calls there are `grace` to end and cancels the others. `done`
  // is called on the loop, when no call is left; until then the server must stay.
  virtual void shut_down(std::chrono::milliseconds grace, std::function<void()> done) = 0;
};

}  // namespace warren::gateway
