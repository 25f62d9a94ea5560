// SPDX-License-Identifier: Apache-2.0
//
// One connection of the server: reads frames, starts and ends calls, sends what they say. Private
// to this module.

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "loop/signal.h"
#include "os/sealed_file.h"
#include "wire/codec.h"
#include "wire/server.h"

namespace warren::wire {

class ServerCall;
class Session;

// What a server shares with its sessions.
struct ServerCore {
  ServerCore(const boost::asio::any_io_executor& executor, ServerOptions server_options)
      : listening(executor), accept_pause(executor), options(std::move(server_options)) {}

  boost::asio::posix::stream_descriptor listening;
  boost::asio::steady_timer accept_pause;
  ServerOptions options;
  // The handler of a method, or nothing.
  [[nodiscard]] const Handler* handler_of(std::string_view method) const;

  std::map<std::string, Handler, std::less<>> handlers;
  Handler handler_of_others;
  std::set<std::shared_ptr<Session>> sessions;
  std::map<uid_t, std::size_t> sessions_of_uid;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<ServerCore> core, os::UniqueFd socket, Peer peer);

  void start();
  // Tells the client why, as far as its socket takes it now, and closes.
  void refuse(const Error& reason);
  // Cancels every call. Safe to call at any time and again.
  void close();

  [[nodiscard]] const Peer& peer() const noexcept { return peer_; }
  [[nodiscard]] bool is_congested() const noexcept;
  // Queues a frame; what the socket takes goes out at once. Fails when the frame is too large.
  [[nodiscard]] Result<> send(const v1::Frame& frame, std::vector<os::UniqueFd> descriptors = {});

 private:
  struct Outgoing {
    std::string bytes;
    std::vector<os::UniqueFd> descriptors;  // Go with the first byte.
    std::size_t sent = 0;
  };

  [[nodiscard]] static boost::asio::awaitable<void> read_frames(std::shared_ptr<Session> self);
  [[nodiscard]] static boost::asio::awaitable<void> serve(std::shared_ptr<Session> self,
                                                          std::shared_ptr<ServerCall> call);
  // False once the connection is over.
  [[nodiscard]] boost::asio::awaitable<bool> read_some();
  [[nodiscard]] bool receive();
  [[nodiscard]] Result<> take_frames();
  [[nodiscard]] Result<> accept(v1::Frame frame);
  [[nodiscard]] Result<> greet(v1::Frame frame);
  // Whether the peer may speak for whom it says, or for nobody.
  [[nodiscard]] Result<> vouch() const;
  [[nodiscard]] Result<> open(v1::Frame frame);
  // The request that came as a file with `frame`, if one did.
  [[nodiscard]] Result<std::optional<os::SealedFile>> take_file(const v1::Frame& frame);
  [[nodiscard]] Result<> check_room(std::string_view method, std::size_t request_bytes) const;
  void end(std::uint32_t call, const Result<>& result);
  void flush();
  // How much the socket took.
  [[nodiscard]] os::KernelResult<std::size_t> send_some(const Outgoing& outgoing) noexcept;
  void flush_when_writable();

  std::shared_ptr<ServerCore> core_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer handshake_;
  loop::Signal drained_;
  Peer peer_;
  Decoder decoder_;
  std::deque<os::UniqueFd> descriptors_;  // Received, and of a frame that is not yet whole.
  std::map<std::uint32_t, std::shared_ptr<ServerCall>> calls_;
  std::deque<Outgoing> outgoing_;
  std::size_t unsent_bytes_ = 0;
  std::size_t request_bytes_ = 0;
  std::uint32_t last_call_ = 0;
  bool greeted_ = false;
  bool waits_for_room_ = false;
};

}  // namespace warren::wire
