// SPDX-License-Identifier: Apache-2.0
//
// Accepts connections for the gRPC library, which at this version has no bound for them, and keeps
// a copy of each socket: to see when the library has closed its own, to shut it down for others,
// and to see how much comes from somebody who has not made a call.
// docs/adr/0019-accept-connections-outside-of-grpc.md.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "gateway/connections.h"
#include "gateway/patience.h"
#include "os/unique_fd.h"

namespace warren::gateway {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  struct Bounds {
    Connections::Bounds connections = {};
    // What may come from somebody without a call: a handshake, HTTP/2's settings, the headers of
    // its first calls and what the windows let through until those are read. The library lets a
    // client pour headers without an end into its memory (CVE-2023-33953).
    std::uint64_t bytes_without_call = 256 * 1024;
  };

  // Takes a connection over; the descriptor is closed by whoever takes it.
  using Take = std::function<void(int socket)>;

  // `listening` does not block. Connections are given to `take`, on the loop, from start() on.
  [[nodiscard]] static Result<std::shared_ptr<Listener>> create(
      const boost::asio::any_io_executor& loop, os::UniqueFd listening, Bounds bounds);

  void start(Take take);
  // No new ones. Those there are stay with the library.
  void close();

  // A call with a certificate has come from this client, as the library writes it:
  // "ipv4:127.0.0.1:41284", "ipv6:%5B::1%5D:41284".
  void mark_called(const std::string& peer);
  // A call from this client has come to nothing. Of those who make too many the connection ends.
  void mark_wasted(const std::string& peer);

  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

 private:
  struct Open {
    os::UniqueFd copy;
    std::string peer;
    Patience patience{std::chrono::steady_clock::now()};
  };

  Listener(const boost::asio::any_io_executor& loop, Bounds bounds);

  void wait_to_accept();
  void accept_waiting();
  void welcome(os::UniqueFd socket, std::string peer);
  void shut_down(ConnectionId connection);
  [[nodiscard]] bool watch(ConnectionId connection, const os::UniqueFd& copy);
  void wait_for_events();
  void take_events();
  void forget(ConnectionId connection);
  void look_later();
  void look_at_those_without_call();

  boost::asio::posix::stream_descriptor listening_;
  boost::asio::posix::stream_descriptor events_;  // An epoll of the copies.
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer look_;
  bool is_looking_ = false;
  Take take_;
  Connections connections_;
  std::uint64_t bytes_without_call_;
  std::uint64_t last_id_ = 0;
  std::unordered_map<ConnectionId, Open> open_;
  std::map<std::string, ConnectionId, std::less<>> by_peer_;
};

}  // namespace warren::gateway
