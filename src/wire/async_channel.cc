// SPDX-License-Identifier: Apache-2.0

#include "wire/async_channel.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "base/co_try.h"
#include "wire/async_connection.h"
#include "wire/client_socket.h"

namespace warren::wire {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kDeadline{5};
// How long to wait before asking again a server whose queue of connections is full: nothing tells
// when there is room.
constexpr std::chrono::milliseconds kPause{10};

loop::Task<Result<os::UniqueFd>> connect_until(std::string path, Clock::time_point deadline) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  while (Clock::now() < deadline) {
    WARREN_CO_TRY(std::optional<os::UniqueFd> socket, connect_socket(path, Blocking::kNo));
    if (socket) co_return *std::move(socket);
    pause.expires_after(kPause);
    co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return fail(Errc::kUnavailable, "connecting to {}: too many clients wait", path);
}

}  // namespace

loop::Task<Result<std::shared_ptr<AsyncChannel>>> AsyncChannel::connect(
    std::string path, std::optional<v1::OnBehalfOf> on_behalf_of) {
  const Clock::time_point deadline = Clock::now() + kDeadline;
  const loop::Executor executor = co_await boost::asio::this_coro::executor;
  WARREN_CO_TRY(os::UniqueFd socket, co_await connect_until(std::move(path), deadline));
  const auto connection = std::make_shared<AsyncConnection>(executor, std::move(socket));
  connection->start(std::move(on_behalf_of));
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  const bool answered = co_await connection->greeted().wait_for(patience);
  if (connection->loss()) co_return std::unexpected(*connection->loss());
  if (!answered) co_return fail(Errc::kUnavailable, "the engine did not answer within 5 s");
  co_return connection;
}

}  // namespace warren::wire
