// SPDX-License-Identifier: Apache-2.0

#include "client/engine_client.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "client/engine_start.h"
#include "client/keeper.h"
#include "client/remote/remote.h"

namespace warren::client {
namespace {

// How long an engine that has gone may take to come back by itself.
constexpr std::chrono::seconds kPatience{2};

bool is_absent(const Error& error) {
  return error.code == Errc::kNotFound || error.code == Errc::kUnavailable;
}

// An engine locks its state directory, then its runtime directory, and keeps the file of the lock.
bool has_served_here(const Places& places) {
  return ::access((places.runtime_dir + "/engine.lock").c_str(), F_OK) == 0;
}

}  // namespace

Result<wire::ClientChannel> connect_to_other(const Places& places, const Error& why_not) {
  const auto begin = Backoff::Clock::now();
  for (;;) {
    auto channel = wire::ClientChannel::connect(places.socket);
    if (channel || !is_absent(channel.error())) return channel;
    const auto waited = Backoff::Clock::now() - begin;
    const std::chrono::seconds patience(has_served_here(places) ? 10 : 1);
    if (waited > patience) return std::unexpected(why_not);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

namespace {

Result<wire::ClientChannel> connect_here(const Places& places, Startup startup) {
  auto channel = wire::ClientChannel::connect(places.socket);
  if (channel) return channel;
  const bool may_start = ::geteuid() == 0 && startup == Startup::kIfAbsent;
  if (is_absent(channel.error()) && may_start && places.can_start_engine()) {
    // An engine of ours would have another configuration, and its keeper none to keep.
    const auto kept = require_no_keeper(places.runtime_dir);
    if (!kept) return connect_to_other(places, kept.error());
    const auto started = start_engine(places, EndsWithUs::kNo);
    if (started) return wire::ClientChannel::connect(places.socket);
    if (started.error().code != Errc::kAlreadyExists) return std::unexpected(started.error());
    return connect_to_other(places, started.error());
  }
  // Someone outside the socket's group cannot even see whether an engine runs.
  if (is_absent(channel.error()) || ::access(places.socket.c_str(), W_OK) != 0) {
    return fail(Errc::kUnavailable, "no engine is running: try 'sudo warren serve'");
  }
  return channel;
}

// A gateway answers without its engine too, so a question that costs nothing goes ahead. Whatever
// else is wrong, the call that follows says better.
Result<wire::ClientChannel> connect_elsewhere(const Target& target) {
  wire::ClientChannel channel = WARREN_TRY(open_remote(target));
  const auto answer = channel.exchange(wire::kGet, v1::NodeRequest());
  if (!answer && is_lost(answer.error())) {
    return fail(Errc::kUnavailable, "{}: {}", target.address, answer.error().message);
  }
  return channel;
}

}  // namespace

Result<wire::ClientChannel> connect(const EnginePlace& place, Startup startup) {
  if (const auto* const target = std::get_if<Target>(&place)) return connect_elsewhere(*target);
  return connect_here(std::get<Places>(place), startup);
}

Startup startup_after(Backoff::Clock::duration away) {
  return away < kPatience ? Startup::kNever : Startup::kIfAbsent;
}

Result<wire::ClientChannel> connect_again(const EnginePlace& place, Startup startup) {
  const auto lost_at = Backoff::Clock::now();
  Backoff backoff(lost_at);
  while (!backoff.is_over()) {
    std::this_thread::sleep_until(backoff.next());
    const auto away = Backoff::Clock::now() - lost_at;
    auto channel = connect(place, startup == Startup::kNever ? startup : startup_after(away));
    if (channel || !is_lost(channel.error())) return channel;
    backoff.failed(Backoff::Clock::now());
  }
  return fail(Errc::kUnavailable, "the engine has gone and did not come back");
}

Result<EngineClient> EngineClient::open(const EnginePlace& place, Startup startup) {
  return EngineClient(place, WARREN_TRY(connect(place, startup)));
}

Result<> EngineClient::reconnect() {
  channel_ = WARREN_TRY(connect_again(place_, Startup::kNever));
  return {};
}

}  // namespace warren::client
