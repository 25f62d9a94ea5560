// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/peers.h"

#include <utility>

namespace warren::gateway {

void Peers::add(const std::string& peer, ConnectionId connection, Shown shown) {
  const std::lock_guard lock(mutex_);
  peers_.insert_or_assign(peer, Peer{.connection = connection, .shown = std::move(shown)});
}

void Peers::remove(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  peers_.erase(peer);
}

std::optional<Shown> Peers::see_call(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return std::nullopt;
  if (found->second.seen++ == 0) called_.push_back(peer);
  return found->second.shown;
}

std::vector<Peers::Seen> Peers::take_seen() {
  std::vector<Seen> all;
  const std::lock_guard lock(mutex_);
  for (const std::string& peer : std::exchange(called_, {})) {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) continue;
    all.push_back(
        {.connection = found->second.connection, .calls = std::exchange(found->second.seen, 0)});
  }
  return all;
}

}  // namespace warren::gateway
