// SPDX-License-Identifier: Apache-2.0

#include "wire/server.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "loop/task.h"
#include "os/call.h"
#include "wire/session.h"

namespace warren::wire {
namespace {

namespace asio = boost::asio;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// How long to leave the queue of connections alone when no descriptor is left to accept one.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::optional<Peer> peer_of(const os::UniqueFd& socket) noexcept {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  const auto read = os::call(
      [&] { return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size); });
  if (!read) return std::nullopt;
  return Peer{.uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid};
}

Result<> check_room(const ServerCore& core, const Peer& peer) {
  const auto of_uid = core.sessions_of_uid.find(peer.uid);
  if (core.sessions.size() >= core.options.connections ||
      (peer.uid != 0 && of_uid != core.sessions_of_uid.end() &&
       of_uid->second >= core.options.connections_per_uid)) {
    return fail(Errc::kResourceExhausted, "too many connections to the engine");
  }
  return core.options.admit ? core.options.admit(peer) : Result<>();
}

void welcome(const std::shared_ptr<ServerCore>& core, os::UniqueFd socket) {
  const auto peer = peer_of(socket);
  if (!peer) return;
  const auto session = std::make_shared<Session>(core, std::move(socket), *peer);
  if (const auto room = check_room(*core, *peer); !room) return session->refuse(room.error());
  core->sessions.insert(session);
  ++core->sessions_of_uid[peer->uid];
  session->start();
}

// Accepts all that wait. False when the process has no descriptor for the next one.
bool accept_waiting(const std::shared_ptr<ServerCore>& core) {
  for (;;) {
    const int listening = core->listening.native_handle();
    auto socket = os::call_for_fd([listening] {
      return ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    });
    if (socket) {
      welcome(core, *std::move(socket));
    } else {
      // A client that has already gone (ECONNABORTED) is no reason to stop.
      const int error = socket.error().value;
      return error == EAGAIN || error == ECONNABORTED;
    }
  }
}

asio::awaitable<void> accept_connections(std::shared_ptr<ServerCore> core) {
  while (core->listening.is_open()) {
    const auto [error] =
        co_await core->listening.async_wait(asio::posix::descriptor_base::wait_read, kNoThrow);
    if (error || !core->listening.is_open()) co_return;
    if (accept_waiting(core)) continue;
    core->accept_pause.expires_after(kAcceptPause);
    co_await core->accept_pause.async_wait(kNoThrow);
  }
}

}  // namespace

Server::Server(const asio::any_io_executor& executor, os::UniqueFd listening, ServerOptions options)
    : core_(std::make_shared<ServerCore>(executor, std::move(options))) {
  core_->listening.assign(listening.release());
  core_->listening.non_blocking(true);
}

Server::Server(const asio::any_io_executor& executor, ServerOptions options)
    : core_(std::make_shared<ServerCore>(executor, std::move(options))) {}

Server::~Server() {
  close();
}

void Server::handle(std::string_view method, Handler handler) {
  core_->handlers.emplace(method, std::move(handler));
}

void Server::handle_others(Handler handler) {
  core_->handler_of_others = std::move(handler);
}

void Server::start() {
  loop::spawn_at_once(core_->listening.get_executor(), accept_connections(core_));
}

void Server::adopt(os::UniqueFd socket) {
  welcome(core_, std::move(socket));
}

void Server::close() {
  boost::system::error_code ignored;
  core_->listening.close(ignored);
  core_->accept_pause.cancel();
  for (const auto& session : std::exchange(core_->sessions, {})) session->close();
  core_->sessions_of_uid.clear();
}

std::size_t Server::connections() const noexcept {
  return core_->sessions.size();
}

}  // namespace warren::wire
