// SPDX-License-Identifier: Apache-2.0
//
// The server end of native frames, on one io_context that one thread runs. Bounded in every
// respect, however slow, dead or hostile its clients are.

#pragma once

#include <sys/types.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"
#include "warren/v1/frame.pb.h"
#include "wire/handed.h"

namespace warren::wire {

// The process at the other end, as the kernel knew it when it connected (SO_PEERCRED).
struct Peer {
  uid_t uid;
  gid_t gid;
  pid_t pid;
  // For whom it says that it calls. Nobody has checked this but ServerOptions::vouch.
  std::optional<v1::OnBehalfOf> on_behalf_of = {};
};

// One call of one client. It lives as long as its handler runs; after the client has gone it stays
// valid, is cancelled, and sends nothing.
class Call {
 public:
  virtual ~Call() = default;

  [[nodiscard]] virtual const Peer& peer() const noexcept = 0;
  [[nodiscard]] virtual std::string_view method() const noexcept = 0;
  [[nodiscard]] virtual std::string_view request() const noexcept = 0;

  // Sends one message and the descriptors that go with it (at most kMostDescriptors). Waits until
  // the client has given credit and has read enough of what was sent before. Fails with
  // kUnavailable once the client has cancelled or gone. One send at a time.
  [[nodiscard]] virtual boost::asio::awaitable<Result<>> send(std::string message,
                                                              std::vector<Handed> handed = {}) = 0;

  [[nodiscard]] virtual bool is_cancelled() const noexcept = 0;

  // Waits until the client has cancelled the call or gone.
  [[nodiscard]] virtual boost::asio::awaitable<void> wait_cancelled() = 0;

  // Has `action` called once, on the loop, when the client cancels the call or goes; at once when
  // it has already. One action at a time: a new one, which may be empty, replaces the old one.
  virtual void on_cancel(std::function<void()> action) = 0;
};

inline constexpr std::size_t kMostDescriptors = 16;

// Serves one call; what it returns ends it. Runs on the server's executor.
using Handler = std::function<boost::asio::awaitable<Result<>>(std::shared_ptr<Call>)>;

struct ServerOptions {
  std::size_t connections = 4096;
  std::size_t connections_per_uid = 128;  // Of every user but root.
  std::size_t calls_per_connection = 256;
  // Of the requests of the open calls of one connection together.
  std::size_t request_bytes = std::size_t{8} << 20;
  // Bytes that wait for one client to read them before its calls have to wait.
  std::size_t unsent_bytes = std::size_t{1} << 20;
  std::chrono::milliseconds handshake_deadline{5000};
  // Says who may connect; absent, whoever can reach the socket. A refused client is told why.
  std::function<Result<>(const Peer&)> admit{};
  // Says whether a client may speak for whom its Hello names, or for nobody. Absent, nobody may
  // speak for others.
  std::function<Result<>(const Peer&)> vouch{};
  // Takes requests that are larger than a frame as sealed files. Only from clients that are trusted
  // not to send descriptors for the sake of it.
  bool accepts_files = false;
};

struct ServerCore;

// Accepts connections until it is closed or destroyed, which also closes every connection and
// cancels every call. Must be used on the thread that runs `executor`.
class Server {
 public:
  // `listening` is a bound Unix stream socket on which listen(2) has been called.
  Server(const boost::asio::any_io_executor& executor, os::UniqueFd listening,
         ServerOptions options = {});
  // Accepts no connections, but those that adopt() is given.
  explicit Server(const boost::asio::any_io_executor& executor, ServerOptions options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Registers the handler of "warren.v1.Engine/Run". Before start().
  void handle(std::string_view method, Handler handler);
  // Registers the handler of all methods that have none of their own. Before start().
  void handle_others(Handler handler);
  void start();
  // Serves a connected socket as if it had been accepted.
  void adopt(os::UniqueFd socket);
  void close();

  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  std::shared_ptr<ServerCore> core_;  // Shared with the sessions, which may end after the server.
};

}  // namespace warren::wire
