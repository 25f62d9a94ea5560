// SPDX-License-Identifier: Apache-2.0

#include "engine/engine.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/co_try.h"

namespace warren::engine {
namespace {

constexpr std::chrono::seconds kRecordPatience{3};

void close_server(wire::Server& server, const std::filesystem::path& directory) {
  server.close();
  std::error_code ignored;  // The next engine replaces it.
  std::filesystem::remove(directory / "engine.sock", ignored);
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(boost::asio::io_context& loop,
                                             provider::Provider& provider, EngineOptions options) {
  auto gateway = WARREN_TRY(find_gateway(options.config.gateway_user));
  store::Store::Opened opened =
      WARREN_TRY(store::Store::open(options.places.state_dir, options.config.durability));
  if (opened.set_aside) {
    spdlog::error("the database was corrupt: it is kept as {}, and a new one begins",
                  opened.set_aside->string());
  }
  for (const std::filesystem::path& lost : opened.lost) {
    spdlog::warn("nothing that {} may have known is removed for as long as it is there",
                 lost.string());
  }
  return std::unique_ptr<Engine>(
      new Engine(loop, provider, std::move(options), std::move(opened), std::move(gateway)));
}

Engine::Engine(boost::asio::io_context& loop, provider::Provider& provider, EngineOptions options,
               store::Store::Opened opened, std::optional<GatewayAccount> gateway)
    : loop_(loop),
      options_(std::move(options)),
      store_(std::move(opened.store)),
      core_(loop.get_executor(), *store_, provider, options_.config, options_.clock),
      supervisor_(core_),
      recovery_(
          core_, supervisor_,
          opened.lost.empty() ? provider::Provider::Sweep::kYes : provider::Provider::Sweep::kNo),
      retention_(core_),
      service_(core_, supervisor_,
               EngineFacts{.version = options_.version,
                           .state_dir = options_.places.state_dir,
                           .runtime_dir = options_.places.runtime_dir,
                           .lost_databases = std::move(opened.lost),
                           .gateway_socket = gateway ? gateway_socket(options_.places.runtime_dir)
                                                     : std::filesystem::path()},
               [this] { shut_down(); }),
      gateway_(std::move(gateway)) {
  provider.observe(supervisor_);
}

void Engine::start(std::function<void(Result<>)> ready) {
  spawn(core_.executor, come_up(std::move(ready)));
}

Task<> Engine::come_up(std::function<void(Result<>)> ready) {
  Result<> up = co_await recover_and_listen();
  if (up) spawn(core_.executor, retention_.run());
  ready(std::move(up));
}

Task<Result<>> Engine::recover_and_listen() {
  WARREN_CO_TRY(core_.alarm.open());
  WARREN_CO_TRY(core_.uploads.open(options_.places.state_dir / "uploads"));
  WARREN_CO_TRY(context(co_await recovery_.run(), "taking over from the last engine"));
  WARREN_CO_TRY(os::UniqueFd socket,
                listen_in(options_.places.runtime_dir, audience_of(options_.config)));
  server_ = std::make_unique<wire::Server>(core_.executor, std::move(socket),
                                           options_for_all_but(gateway_));
  service_.register_on(*server_);
  server_->start();
  co_return gateway_ ? listen_to_gateway() : Result<>{};
}

Result<> Engine::listen_to_gateway() {
  os::UniqueFd socket = WARREN_TRY(
      context(listen_for_gateway(options_.places.runtime_dir, *gateway_), "the gateway's socket"));
  gateway_server_ = std::make_unique<wire::Server>(core_.executor, std::move(socket),
                                                   options_for_gateway(*gateway_, core_.config));
  service_.register_on(*gateway_server_);
  gateway_server_->start();
  return {};
}

void Engine::shut_down() {
  if (std::exchange(core_.is_going_down, true)) return;
  spawn(core_.executor, go_down());
}

Task<> Engine::go_down() {
  const std::filesystem::path& runtime_dir = options_.places.runtime_dir;
  if (server_) close_server(*server_, runtime_dir);
  if (gateway_server_) close_server(*gateway_server_, gateway_dir(runtime_dir));
  co_await supervisor_.end_with_engine(options_.end_patience);
  // Whatever cannot be recorded now, on a full disk, the next engine finds as after a crash.
  const bool recorded = co_await core_.journal.commit_within(kRecordPatience);
  if (!recorded) spdlog::error("ends with changes that could not be recorded");
  const Result<> closed = co_await core_.sandboxes.close();
  if (!closed) spdlog::warn("closing: {}", closed.error().message);
  spdlog::info("ends with {} nodes alive", core_.tree.size());
  loop_.stop();
}

}  // namespace warren::engine
