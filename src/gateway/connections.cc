// SPDX-License-Identifier: Apache-2.0

#include "gateway/connections.h"

#include <utility>

namespace warren::gateway {

std::optional<ConnectionId> Connections::add(ConnectionId connection) {
  where_.emplace(connection, waiting_.insert(waiting_.end(), connection));
  if (where_.size() <= bounds_.all && waiting_.size() <= bounds_.without_call) return std::nullopt;
  const ConnectionId leaving = waiting_.front();
  remove(leaving);
  return leaving;
}

void Connections::mark_called(ConnectionId connection) {
  const auto found = where_.find(connection);
  if (found == where_.end() || !found->second) return;
  waiting_.erase(*std::exchange(found->second, std::nullopt));
}

void Connections::remove(ConnectionId connection) {
  mark_called(connection);
  where_.erase(connection);
}

}  // namespace warren::gateway
