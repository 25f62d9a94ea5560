// SPDX-License-Identifier: Apache-2.0

#include "client/engine_client.h"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "client/engine_start.h"

namespace warren::client {
namespace {

bool is_absent(const Error& error) {
  return error.code == Errc::kNotFound || error.code == Errc::kUnavailable;
}

// Another engine holds the places but may not listen yet: wait for it as long as one takes to
// start.
Result<wire::ClientChannel> connect_soon(const Places& places) {
  const auto deadline = Backoff::Clock::now() + std::chrono::seconds(10);
  for (;;) {
    auto channel = wire::ClientChannel::connect(places.socket);
    if (channel || !is_absent(channel.error()) || Backoff::Clock::now() > deadline) return channel;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Result<wire::ClientChannel> connect(const Places& places, Startup startup) {
  auto channel = wire::ClientChannel::connect(places.socket);
  if (channel) return channel;
  const bool may_start = ::geteuid() == 0 && startup == Startup::kIfAbsent;
  if (is_absent(channel.error()) && may_start && places.can_start_engine()) {
    WARREN_TRY(start_engine(places));
    return connect_soon(places);
  }
  // Someone outside the socket's group cannot even see whether an engine runs.
  if (is_absent(channel.error()) || ::access(places.socket.c_str(), W_OK) != 0) {
    return fail(Errc::kUnavailable, "no engine is running: try 'sudo warren serve'");
  }
  return channel;
}

Result<EngineClient> EngineClient::open(const Places& places, Startup startup) {
  return EngineClient(places, WARREN_TRY(connect(places, startup)));
}

Result<> EngineClient::reconnect() {
  Backoff backoff(Backoff::Clock::now());
  while (!backoff.is_over()) {
    std::this_thread::sleep_until(backoff.next());
    auto channel = wire::ClientChannel::connect(places_.socket);
    if (channel) {
      channel_ = *std::move(channel);
      return {};
    }
    if (!is_absent(channel.error())) return std::unexpected(channel.error());
    backoff.failed(Backoff::Clock::now());
  }
  return fail(Errc::kUnavailable, "the engine has gone and did not come back");
}

}  // namespace warren::client
