// SPDX-License-Identifier: Apache-2.0
//
// Who is behind each connection that the library has, by the name it has there: known from the
// handshake, asked with each call. Used on any thread.

#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "gateway/connections.h"
#include "gateway/identity.h"

namespace warren::gateway {

// What a client has shown: the identity of its certificate, or why that has none. Nothing: it has
// shown no certificate.
using Shown = std::optional<Result<Identity>>;

class Peers {
 public:
  struct Seen {
    ConnectionId connection;
    std::size_t calls;
  };

  void add(const std::string& peer, ConnectionId connection, Shown shown);
  void remove(const std::string& peer);

  // Counts a call of this connection, and says whose it is. Nothing: there is no such connection,
  // or it is over.
  [[nodiscard]] std::optional<Shown> see_call(const std::string& peer);

  // The calls that were counted since the last time.
  [[nodiscard]] std::vector<Seen> take_seen();

 private:
  struct Peer {
    ConnectionId connection;
    Shown shown;
    std::size_t seen = 0;
  };

  std::mutex mutex_;
  std::unordered_map<std::string, Peer> peers_;
  std::vector<std::string> called_;  // Those with calls that were seen.
};

}  // namespace warren::gateway
