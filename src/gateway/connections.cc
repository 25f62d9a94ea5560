// SPDX-License-Identifier: Apache-2.0

#include "gateway/connections.h"

#include <utility>

namespace warren::gateway {

std::optional<ConnectionId> Connections::add(ConnectionId connection) {
  where_.emplace(connection, unknown_.insert(unknown_.end(), connection));
  if (where_.size() <= bounds_.all && unknown_.size() <= bounds_.unknown) return std::nullopt;
  const ConnectionId leaving = unknown_.front();
  remove(leaving);
  return leaving;
}

void Connections::mark_known(ConnectionId connection) {
  const auto found = where_.find(connection);
  if (found == where_.end() || !found->second) return;
  unknown_.erase(*std::exchange(found->second, std::nullopt));
}

void Connections::remove(ConnectionId connection) {
  mark_known(connection);
  where_.erase(connection);
}

}  // namespace warren::gateway
