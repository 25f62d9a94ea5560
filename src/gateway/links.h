// SPDX-License-Identifier: Apache-2.0
//
// Connections to the engine, each of which speaks for one client through one face. Its name is said
// once, when the connection greets, so that no call can be sent under another.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "gateway/identity.h"
#include "model/identity.h"
#include "wire/async_channel.h"

namespace warren::gateway {

// Of 256 that the engine takes from a gateway: one that was closed counts there until the engine
// has noticed.
inline constexpr std::size_t kMostLinks = 240;

// Used on the loop's thread; outlives whoever waits in to().
class Links {
 public:
  // `socket` is where the engine listens for the gateway.
  explicit Links(std::string socket, std::size_t most = kMostLinks)
      : socket_(std::move(socket)), most_(most) {}
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;

  // The connection for `client`: the one there is, or a new one if that is lost. Where there are
  // too many, the one that has been idle for longest is closed; kResourceExhausted if none is idle.
  // kUnavailable at once where no engine runs.
  [[nodiscard]] boost::asio::awaitable<Result<std::shared_ptr<wire::AsyncChannel>>> to(
      Identity client, model::Face face);

  [[nodiscard]] std::size_t size() const noexcept { return links_.size(); }

 private:
  struct Key {
    std::string name;
    model::Role role;
    model::Face face;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Link;

  [[nodiscard]] std::shared_ptr<Link> find(const Key& key);
  [[nodiscard]] Result<> make_room();
  [[nodiscard]] boost::asio::awaitable<void> connect(Key key, std::shared_ptr<Link> link);

  std::string socket_;
  std::size_t most_;
  std::map<Key, std::shared_ptr<Link>> links_;
  std::uint64_t uses_ = 0;
};

}  // namespace warren::gateway
