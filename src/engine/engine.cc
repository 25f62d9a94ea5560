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

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(boost::asio::io_context& loop,
                                             provider::Provider& provider, EngineOptions options) {
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
  return std::unique_ptr<Engine>(new Engine(loop, provider, std::move(options), std::move(opened)));
}

Engine::Engine(boost::asio::io_context& loop, provider::Provider& provider, EngineOptions options,
               store::Store::Opened opened)
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
                           .lost_databases = std::move(opened.lost)},
               [this] { shut_down(); }) {
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
  WARREN_CO_TRY(context(co_await recovery_.run(), "taking over from the last engine"));
  WARREN_CO_TRY(os::UniqueFd socket,
                listen_in(options_.places.runtime_dir, audience_of(options_.config)));
  server_ = std::make_unique<wire::Server>(core_.executor, std::move(socket));
  service_.register_on(*server_);
  server_->start();
  co_return Result<>{};
}

void Engine::shut_down() {
  if (std::exchange(core_.is_going_down, true)) return;
  spawn(core_.executor, go_down());
}

Task<> Engine::go_down() {
  if (server_) {
    server_->close();
    std::error_code ignored;  // The next engine replaces it.
    std::filesystem::remove(options_.places.runtime_dir / "engine.sock", ignored);
  }
  // Whatever cannot be recorded now, on a full disk, the next engine finds as after a crash.
  const bool recorded = co_await core_.journal.commit_within(kRecordPatience);
  if (!recorded) spdlog::error("ends with changes that could not be recorded");
  const Result<> closed = co_await core_.sandboxes.close();
  if (!closed) spdlog::warn("closing: {}", closed.error().message);
  spdlog::info("ends with {} nodes alive", core_.tree.size());
  loop_.stop();
}

}  // namespace warren::engine
