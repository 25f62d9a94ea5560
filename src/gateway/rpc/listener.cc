// SPDX-License-Identifier: Apache-2.0

#include "gateway/rpc/listener.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstring>
#include <span>
#include <utility>

#include "gateway/endpoint.h"
#include "os/call.h"
#include "os/context.h"
#include "os/file.h"
#include "os/tcp.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long to leave the queue of connections alone when no descriptor is left to accept one.
constexpr std::chrono::milliseconds kAcceptPause{100};

// At the 200 MB a second that the library takes of headers without an end, 20 MB.
constexpr std::chrono::milliseconds kLookPause{100};

struct Accepted {
  os::UniqueFd socket;
  Endpoint peer;
};

os::KernelResult<Accepted> accept_one(int listening) {
  Accepted accepted{.socket = {}, .peer = {.address = {}, .size = sizeof(sockaddr_storage)}};
  auto* const address = reinterpret_cast<sockaddr*>(&accepted.peer.address);
  accepted.socket = WARREN_TRY(os::call_for_fd([&] {
    return ::accept4(listening, address, &accepted.peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  }));
  return accepted;
}

// tcp(7): MSG_TRUNC.
void discard_received(int socket) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 30;
  while (os::call_for<std::size_t>([&] {
           return ::recv(socket, nullptr, kAtOnce, MSG_TRUNC | MSG_DONTWAIT);
         }).value_or(0) > 0) {
  }
}

// As the library names a client: the brackets of an IPv6 address are escaped.
std::string peer_of(const Endpoint& endpoint) {
  const std::string text = to_text(endpoint);
  if (!text.starts_with('[')) return "ipv4:" + text;
  const std::size_t end = text.find(']');
  return "ipv6:%5B" + text.substr(1, end - 1) + "%5D" + text.substr(end + 1);
}

}  // namespace

Listener::Listener(const asio::any_io_executor& loop, Bounds bounds)
    : listening_(loop),
      events_(loop),
      pause_(loop),
      look_(loop),
      connections_(bounds.connections),
      bytes_without_call_(bounds.bytes_without_call) {}

Result<std::shared_ptr<Listener>> Listener::create(const asio::any_io_executor& loop,
                                                   os::UniqueFd listening, Bounds bounds) {
  os::UniqueFd ends = WARREN_TRY(os::context(
      os::call_for_fd([] { return ::epoll_create1(EPOLL_CLOEXEC); }), "watching connections"));
  std::shared_ptr<Listener> listener(new Listener(loop, bounds));
  listener->listening_.assign(listening.release());
  listener->events_.assign(ends.release());
  return listener;
}

void Listener::start(Take take) {
  take_ = std::move(take);
  wait_to_accept();
  wait_for_events();
}

void Listener::close() {
  error_code ignored;
  listening_.close(ignored);
  events_.close(ignored);
  pause_.cancel();
  look_.cancel();
}

void Listener::wait_to_accept() {
  listening_.async_wait(asio::posix::descriptor_base::wait_read,
                        [self = shared_from_this()](const error_code& failed) {
                          if (!failed && self->listening_.is_open()) self->accept_waiting();
                        });
}

void Listener::accept_waiting() {
  for (;;) {
    auto accepted = accept_one(listening_.native_handle());
    if (accepted) {
      welcome(std::move(accepted->socket), peer_of(accepted->peer));
      continue;
    }
    const int error = accepted.error().value;
    if (error == EAGAIN) return wait_to_accept();
    if (error == ECONNABORTED) continue;  // A client that has already gone.
    pause_.expires_after(kAcceptPause);
    return pause_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->wait_to_accept();
    });
  }
}

void Listener::welcome(os::UniqueFd socket, std::string peer) {
  auto copy = os::duplicate(socket.get());
  if (!copy) return;
  const ConnectionId id{++last_id_};
  const auto leaving = connections_.add(id);
  if (leaving && *leaving != id) shut_down(*leaving);
  if (leaving == id || !watch(id, *copy)) return connections_.remove(id);
  by_peer_.insert_or_assign(peer, id);
  open_.emplace(id, Open{*std::move(copy), std::move(peer)});
  look_later();
  std::ignore = os::send_without_delay(socket.get());  // It works with delay, too.
  take_(socket.release());
}

// The library sees an end, as the copy's epoll does.
void Listener::shut_down(ConnectionId connection) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  const int copy = found->second.copy.get();
  // What has come and what is to go is dropped with the last copy. Whoever is gone already needs
  // neither.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  std::ignore =
      os::call([&] { return ::setsockopt(copy, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once); });
  std::ignore = os::call([&] { return ::shutdown(copy, SHUT_RDWR); });
}

bool Listener::watch(ConnectionId connection, const os::UniqueFd& copy) {
  // Nothing but the end, which is always told; and that once.
  epoll_event event{.events = EPOLLET, .data = {.u64 = std::to_underlying(connection)}};
  return os::call([&] {
           return ::epoll_ctl(events_.native_handle(), EPOLL_CTL_ADD, copy.get(), &event);
         })
      .has_value();
}

void Listener::wait_for_events() {
  events_.async_wait(asio::posix::descriptor_base::wait_read,
                     [self = shared_from_this()](const error_code& failed) {
                       if (failed || !self->events_.is_open()) return;
                       self->take_events();
                       self->wait_for_events();
                     });
}

void Listener::take_events() {
  std::array<epoll_event, 64> events{};
  for (;;) {
    const auto count = os::call_for<std::size_t>([&] {
      return ::epoll_wait(events_.native_handle(), events.data(), static_cast<int>(events.size()),
                          0);
    });
    if (!count || *count == 0) return;
    for (const epoll_event& event : std::span(events).first(*count)) {
      // An error alone is not yet the end.
      if ((event.events & EPOLLHUP) != 0) forget(ConnectionId{event.data.u64});
    }
  }
}

void Listener::forget(ConnectionId connection) {
  const auto found = open_.find(connection);
  if (found == open_.end()) return;
  // Before it is closed: a registration lives as long as any copy of its socket.
  std::ignore = os::call([&] {
    return ::epoll_ctl(events_.native_handle(), EPOLL_CTL_DEL, found->second.copy.get(), nullptr);
  });
  const auto named = by_peer_.find(found->second.peer);
  if (named != by_peer_.end() && named->second == connection) by_peer_.erase(named);
  connections_.remove(connection);
  open_.erase(found);
}

// An arrival tells nobody but the library, which may have taken it before anybody else looks; so it
// is looked at in turns, for as long as there is somebody to look at.
void Listener::look_later() {
  if (is_looking_ || connections_.without_call().empty()) return;
  is_looking_ = true;
  look_.expires_after(kLookPause);
  look_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    self->is_looking_ = false;
    if (cancelled) return;
    self->look_at_those_without_call();
    self->look_later();
  });
}

void Listener::look_at_those_without_call() {
  for (const ConnectionId connection : connections_.without_call()) {
    const auto received = os::received_bytes(open_.at(connection).copy.get());
    if (received && *received > bytes_without_call_) shut_down(connection);
  }
}

void Listener::mark_wasted(const std::string& peer) {
  const auto named = by_peer_.find(peer);
  if (named == by_peer_.end()) return;
  Open& open = open_.at(named->second);
  if (open.patience.spend(std::chrono::steady_clock::now())) return;
  shut_down(named->second);
  // What has come already would still be read: thousands of calls.
  discard_received(open.copy.get());
}

void Listener::mark_called(const std::string& peer) {
  const auto named = by_peer_.find(peer);
  if (named != by_peer_.end()) connections_.mark_called(named->second);
}

}  // namespace warren::gateway
