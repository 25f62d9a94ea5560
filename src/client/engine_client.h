// SPDX-License-Identifier: Apache-2.0
//
// A connection to the engine that can be made anew: the engine may die and come back at any time.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"
#include "client/places.h"
#include "client/remote/target.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/methods.h"

namespace warren::client {

// Whether to start an engine where none runs. Only root can.
enum class Startup : bool { kNever, kIfAbsent };

// The engine of this machine, or that of another one, behind its gateway.
using EnginePlace = std::variant<Places, Target>;

[[nodiscard]] inline bool is_elsewhere(const EnginePlace& place) {
  return std::holds_alternative<Target>(place);
}

// Connects to an engine that answers. On this machine one is started where that is allowed and
// possible.
[[nodiscard]] Result<wire::ClientChannel> connect(const EnginePlace& place, Startup startup);

// Connects to an engine that somebody else has started, which holds the places but may not listen
// yet. It may also listen elsewhere for good: then fails with `why_not`, after a while.
[[nodiscard]] Result<wire::ClientChannel> connect_to_other(const Places& places,
                                                           const Error& why_not);

// When to try again to reach an engine that has gone: after 50 ms, then twice as long each time up
// to 1 s, for 120 s in all.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Backoff(Clock::time_point now)
      : next_(now + kFirstDelay), last_(now + std::chrono::seconds(120)) {}

  [[nodiscard]] Clock::time_point next() const noexcept { return next_; }
  [[nodiscard]] bool is_over() const noexcept { return next_ > last_; }
  void failed(Clock::time_point now) {
    delay_ = std::min(delay_ * 2, kLongestDelay);
    next_ = now + delay_;
  }

 private:
  static constexpr std::chrono::milliseconds kFirstDelay{50};
  static constexpr std::chrono::milliseconds kLongestDelay{1000};
  std::chrono::milliseconds delay_ = kFirstDelay;
  Clock::time_point next_;
  Clock::time_point last_;
};

// Whether another engine may be started for one that has been away for so long: until then it may
// come back by itself.
[[nodiscard]] Startup startup_after(Backoff::Clock::duration away);

// Waits for an engine that has gone to be back, or for another one. With kIfAbsent, that is started
// as startup_after() says. Fails after Backoff's time.
[[nodiscard]] Result<wire::ClientChannel> connect_again(const EnginePlace& place, Startup startup);

class EngineClient {
 public:
  [[nodiscard]] static Result<EngineClient> open(const EnginePlace& place, Startup startup);

  [[nodiscard]] wire::ClientChannel& channel() noexcept { return channel_; }
  [[nodiscard]] const wire::ClientChannel& channel() const noexcept { return channel_; }

  // A call with one answer.
  template <typename Reply>
  [[nodiscard]] Result<Reply> call(std::string_view method,
                                   const google::protobuf::MessageLite& request) {
    Reply reply;
    if (!reply.ParseFromString(WARREN_TRY(channel_.exchange(method, request)))) {
      return fail(Errc::kInternal, "{}: the engine's answer is malformed", method);
    }
    return reply;
  }

  // As connect_again(), starting none.
  [[nodiscard]] Result<> reconnect();

 private:
  EngineClient(EnginePlace place, wire::ClientChannel channel)
      : place_(std::move(place)), channel_(std::move(channel)) {}

  EnginePlace place_;
  wire::ClientChannel channel_;
};

// Whether a call failed because the engine has gone, not because it said no.
[[nodiscard]] inline bool is_lost(const Error& error) {
  return error.code == Errc::kUnavailable;
}

}  // namespace warren::client
