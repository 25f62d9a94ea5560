// SPDX-License-Identifier: Apache-2.0

#include "gateway/edge/door.h"

#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <utility>

#include "gateway/endpoint.h"
#include "os/call.h"
#include "os/tcp.h"
#include "os/worker_thread.h"

namespace warren::gateway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// How long to leave the queue of connections alone when no descriptor is left to accept one.
constexpr std::chrono::milliseconds kAcceptPause{100};

// For clients that do not read what is left for them when the gateway ends.
constexpr std::chrono::seconds kFinishTime{1};

// As many as one turn accepts, however many more wait.
constexpr int kAcceptTurn = 64;

// As much as one step moves.
constexpr std::size_t kScratch = std::size_t{64} * 1024;

// Clients without a connection whose calls are still remembered: more are looked through.
constexpr std::size_t kClientsToKeep = 1024;

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

FrameWatch::Time now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Door::Door(TlsContextSource tls, const Bounds& bounds)
    : bounds_(bounds),
      tls_(std::move(tls)),
      connections_(bounds.connections),
      all_(std::make_shared<StreamQuota>(bounds.all, now())),
      scratch_(kScratch),
      work_(asio::make_work_guard(loop_)) {}

Door::~Door() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void Door::open(os::UniqueFd listening, Take take) {
  take_ = std::move(take);
  listening_.assign(listening.release());
  wait_to_accept();
  thread_ = os::start_thread([this](const std::stop_token&) { loop_.run(); });
}

void Door::close() {
  asio::post(loop_, [this] {
    error_code ignored;
    listening_.close(ignored);
    pause_.cancel();
    std::vector<std::shared_ptr<Session>> sessions;
    sessions.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) sessions.push_back(entry.session);
    for (const auto& session : sessions) session->end_unless_open();
  });
}

void Door::finish() {
  asio::post(loop_, [this] {
    is_finishing_ = true;
    if (entries_.empty()) return loop_.stop();
    finish_.expires_after(kFinishTime);
    finish_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) loop_.stop();
    });
  });
  if (thread_.joinable()) thread_.join();
}

void Door::wait_to_accept() {
  listening_.async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& failed) {
    if (!failed && listening_.is_open()) accept_waiting();
  });
}

void Door::accept_waiting() {
  for (int turn = 0; turn < kAcceptTurn; ++turn) {
    auto accepted = accept_one(listening_.native_handle());
    if (accepted) {
      receive(std::move(accepted->socket), to_text(accepted->peer));
      continue;
    }
    const int error = accepted.error().value;
    if (error == EAGAIN) return wait_to_accept();
    if (error == ECONNABORTED) continue;  // A client that has already gone.
    pause_.expires_after(kAcceptPause);
    return pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) wait_to_accept();
    });
  }
  wait_to_accept();
}

void Door::receive(os::UniqueFd socket, std::string peer) {
  const ConnectionId id{++last_id_};
  const auto leaving = connections_.add(id);
  if (leaving == id) return;
  if (leaving) std::shared_ptr(entries_.at(*leaving).session)->drop();
  std::ignore = os::send_without_delay(socket.get());  // It works with delay, too.
  SessionHost& host = *this;
  auto session =
      std::make_shared<Session>(host, id, loop_.get_executor(), std::move(socket), std::move(peer));
  entries_.emplace(id, Entry{.session = session});
  session->begin();
}

Result<ClientPlace> Door::admit(ConnectionId connection, const Shown& shown) {
  const std::string name = shown && *shown ? (*shown)->name : "";
  forget_idle_clients();
  Client& client = clients_[name];
  if (client.connections >= bounds_.connections_of_client) {
    return fail(Errc::kResourceExhausted, "{} has {} connections already",
                name.empty() ? "whoever has no identity" : name, client.connections);
  }
  if (!client.quota) client.quota = std::make_shared<StreamQuota>(bounds_.client, now());
  ++client.connections;
  if (!name.empty()) connections_.mark_known(connection);
  Entry& entry = entries_.at(connection);
  entry.client = name;
  entry.is_admitted = true;
  entry.shown = shown;
  return ClientPlace{.client = client.quota, .all = all_};
}

// Their calls count against them for as long as those may still be there.
void Door::forget_idle_clients() {
  if (clients_.size() < kClientsToKeep) return;
  std::erase_if(clients_, [time = now()](auto& each) {
    return each.second.connections == 0 && each.second.quota->is_unused(time);
  });
}

Result<os::UniqueFd> Door::connect_to_library(ConnectionId connection) {
  Entry& entry = entries_.at(connection);
  LibraryEnds ends = WARREN_TRY(ends_.make());
  entry.peer = std::move(ends.peer);
  peers_.add(entry.peer, connection, std::exchange(entry.shown, {}));
  take_(std::move(ends.librarys));
  return std::move(ends.ours);
}

bool Door::share_seen() {
  const auto seen = peers_.take_seen();
  for (const auto& [connection, calls] : seen) {
    const auto entry = entries_.find(connection);
    if (entry != entries_.end()) entry->second.session->seen(calls);
  }
  return !seen.empty();
}

void Door::ended(ConnectionId connection) {
  const auto found = entries_.find(connection);
  if (found == entries_.end()) return;
  if (!found->second.peer.empty()) peers_.remove(found->second.peer);
  if (found->second.is_admitted) --clients_.at(found->second.client).connections;
  connections_.remove(connection);
  entries_.erase(found);
  if (is_finishing_ && entries_.empty()) loop_.stop();
}

}  // namespace warren::gateway
