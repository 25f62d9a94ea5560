// SPDX-License-Identifier: Apache-2.0
//
// How many clients may be connected, and who has to go for a new one. Whoever has shown who it is
// stays; of the others the oldest goes first, so that silence shuts nobody out. Pure.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

namespace warren::gateway {

enum class ConnectionId : std::uint64_t {};

class Connections {
 public:
  struct Bounds {
    std::size_t all = 2048;
    std::size_t unknown = 512;
  };

  explicit Connections(Bounds bounds) noexcept : bounds_(bounds) {}

  // Counts a new connection in. What is returned has to be shut down, and is counted out already:
  // the oldest of the unknown, or the new one itself where all the others are known.
  [[nodiscard]] std::optional<ConnectionId> add(ConnectionId connection);

  // Of a connection that is not counted, nothing happens in either.
  void mark_known(ConnectionId connection);
  void remove(ConnectionId connection);

  [[nodiscard]] std::size_t size() const noexcept { return where_.size(); }

 private:
  using Place = std::list<ConnectionId>::iterator;

  Bounds bounds_;
  std::list<ConnectionId> unknown_;
  // Nothing for those that are known.
  std::unordered_map<ConnectionId, std::optional<Place>> where_;
};

}  // namespace warren::gateway
