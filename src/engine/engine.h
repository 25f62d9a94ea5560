// SPDX-License-Identifier: Apache-2.0
//
// The engine as a whole: it takes over what an earlier one left behind, then serves calls. One
// thread runs its loop; everything here happens on it.

#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/duration.h"
#include "base/result.h"
#include "engine/config.h"
#include "engine/core.h"
#include "engine/gateway_socket.h"
#include "engine/places.h"
#include "engine/recovery.h"
#include "engine/retention.h"
#include "engine/service.h"
#include "engine/supervisor.h"
#include "provider/provider.h"
#include "store/store.h"
#include "wire/server.h"

namespace warren::engine {

struct EngineOptions {
  Places places;  // Prepared and locked.
  Config config;
  std::string version;
  Locks locks;
  Clock clock = now;
  // How long its end waits until nothing is left of the jobs that end with it.
  Duration end_patience = std::chrono::seconds(3);
};

class Engine {
 public:
  // Opens the store. `loop` and `provider` outlive the engine.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> open(boost::asio::io_context& loop,
                                                            provider::Provider& provider,
                                                            EngineOptions options);

  // Recovers what an earlier engine left, then accepts connections and calls `ready`, or calls it
  // with what went wrong.
  void start(std::function<void(Result<>)> ready);

  // Stops serving, lets the provider put away what nobody uses any more, and stops the loop.
  // Sandboxes go on, but for those of jobs that end with the engine. Idempotent.
  void shut_down();

 private:
  Engine(boost::asio::io_context& loop, provider::Provider& provider, EngineOptions options,
         store::Store::Opened opened, std::optional<GatewayAccount> gateway);

  [[nodiscard]] Task<> come_up(std::function<void(Result<>)> ready);
  [[nodiscard]] Task<Result<>> recover_and_listen();
  [[nodiscard]] Result<> listen_to_gateway();
  [[nodiscard]] Task<> go_down();

  boost::asio::io_context& loop_;
  EngineOptions options_;
  std::unique_ptr<store::Store> store_;
  Core core_;
  Supervisor supervisor_;
  Recovery recovery_;
  Retention retention_;
  Service service_;
  std::optional<GatewayAccount> gateway_;
  std::unique_ptr<wire::Server> server_;
  std::unique_ptr<wire::Server> gateway_server_;  // Absent without a gateway's account.
};

}  // namespace warren::engine
