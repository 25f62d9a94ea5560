// SPDX-License-Identifier: Apache-2.0
//
// Where clients come in: accepts connections, ends TLS and gives what a client says in HTTP/2 to
// the library, as far as the watch over its frames lets it. It has one thread for all of them, so
// that what they have together is counted without locks, and so that whoever floods it with
// handshakes has one processor and not all. docs/adr/0024-tls-ends-before-grpc.md.

#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "gateway/connections.h"
#include "gateway/edge/frame_watch.h"
#include "gateway/edge/library_end.h"
#include "gateway/edge/peers.h"
#include "gateway/edge/session.h"
#include "gateway/edge/session_host.h"
#include "gateway/edge/tls_context.h"
#include "os/unique_fd.h"

namespace warren::gateway {

class Door final : private SessionHost {
 public:
  struct Bounds {
    Connections::Bounds connections = {};
    std::size_t connections_of_client = 1024;
    FrameWatch::Bounds frames = {};
    // Honest excess meets the bounds of calls before, and is answered: rpc/server.cc.
    StreamQuota::Bounds client{.streams = 4096, .unseen = {.at_once = 1024, .per_second = 400}};
    StreamQuota::Bounds all{.streams = 24 * 1024, .unseen = {.at_once = 8192, .per_second = 4000}};
  };
  // The client's socket, and both ends of the way to the library.
  static constexpr std::size_t kDescriptorsOfConnection = 3;

  // Takes the library's end of a new connection over. Called on the door's thread.
  using Take = std::function<void(os::UniqueFd socket)>;

  Door(TlsContextSource tls, const Bounds& bounds);
  ~Door() override;
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  // `listening` is bound, listens and does not block.
  void open(os::UniqueFd listening, Take take);
  // No new ones. Those there are stay until the library or the client ends them.
  void close();
  // Once the library has ended all of its connections: what is left is written, for a short time.
  void finish();

  [[nodiscard]] Peers& peers() noexcept { return peers_; }

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    std::string client = {};  // Who it is admitted as.
    bool is_admitted = false;
    std::string peer = {};  // Empty: the library does not have it yet.
    Shown shown = {};
  };
  // Nobody's name is empty: that is whoever has no identity, all of them together.
  struct Client {
    std::shared_ptr<StreamQuota> quota;
    std::size_t connections = 0;
  };

  void wait_to_accept();
  void accept_waiting();
  void receive(os::UniqueFd socket, std::string peer);
  void forget_idle_clients();

  [[nodiscard]] TlsContext tls_context() override { return tls_(); }
  [[nodiscard]] const FrameWatch::Bounds& frame_bounds() const override { return bounds_.frames; }
  [[nodiscard]] Result<ClientPlace> admit(ConnectionId connection, const Shown& shown) override;
  [[nodiscard]] Result<os::UniqueFd> connect_to_library(ConnectionId connection) override;
  bool share_seen() override;
  void ended(ConnectionId connection) override;
  [[nodiscard]] std::span<std::byte> scratch() override { return scratch_; }

  const Bounds bounds_;
  TlsContextSource tls_;
  Take take_;
  Peers peers_;
  Connections connections_;
  std::shared_ptr<StreamQuota> all_;
  std::map<std::string, Client, std::less<>> clients_;
  LibraryEndMaker ends_;
  std::vector<std::byte> scratch_;
  std::uint64_t last_id_ = 0;
  bool is_finishing_ = false;

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::posix::stream_descriptor listening_{loop_};
  boost::asio::steady_timer pause_{loop_};
  boost::asio::steady_timer finish_{loop_};
  std::unordered_map<ConnectionId, Entry> entries_;
  std::jthread thread_;
};

}  // namespace warren::gateway
