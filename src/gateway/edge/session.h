// SPDX-License-Identifier: Apache-2.0
//
// One client's connection: TLS towards the client, HTTP/2 as plain text towards the library, and a
// watch over the frames between. Each direction has one step under way, which takes no more than
// the other side has taken before; a session that waits holds no buffers. On the sessions' thread.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/edge/backlog.h"
#include "gateway/edge/frame_watch.h"
#include "gateway/edge/session_host.h"
#include "gateway/edge/tls_stream.h"
#include "os/unique_fd.h"

namespace warren::gateway {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // To the client's HTTP/2 preface. gRPC's own clients look at a connection that no call waits for
  // every 5 s alone, and have to look three times.
  static constexpr std::chrono::seconds kHandshakeTime{20};
  // For what is left to be written once the library or the client has ended.
  static constexpr std::chrono::seconds kEndTime{20};
  // For a client to end the connection that the library has ended.
  static constexpr std::chrono::seconds kLeaveTime{2};

  // `client` is a connection as it was accepted, and does not block. `peer` is its address.
  Session(SessionHost& host, ConnectionId id, const boost::asio::any_io_executor& loop,
          os::UniqueFd client, std::string peer);

  void begin();
  // Drops the connection, and what is under way.
  void drop();
  // Ends a connection that the library does not have yet.
  void end_unless_open();
  // So many of its calls were seen.
  void seen(std::size_t calls) noexcept;

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;
  using Wait = boost::asio::posix::descriptor_base::wait_type;
  using Step = TlsStream::Step;
  using Act = void (Session::*)();

  [[nodiscard]] auto to(Act act);
  void after(Descriptor& descriptor, Wait what, Act act);
  void after_others(Act act);
  void limit_time(std::chrono::seconds most, Act act);

  void shake_hands();
  void welcome();
  void give_up_waiting();
  [[nodiscard]] bool greet(std::span<const std::byte>& bytes);
  [[nodiscard]] bool open_library();
  void notice_librarys_end();

  void take_from_client();
  void go_on_from_client();
  void stop_taking(Step step);
  [[nodiscard]] bool pass_to_library(std::span<const std::byte> bytes);
  [[nodiscard]] std::optional<std::size_t> watch_over(std::span<const std::byte> bytes);

  void take_from_library();
  void go_on_from_library();
  [[nodiscard]] bool pass_to_client(std::span<const std::byte> bytes);

  void leave();
  void await_clients_end();
  void refuse(std::string_view complaint);
  void say_goodbye();
  void complain(std::string_view what) const;
  void end();

  SessionHost& host_;
  const ConnectionId id_;
  const std::string peer_;
  Descriptor client_;
  Descriptor library_;
  boost::asio::steady_timer limit_;
  boost::asio::steady_timer pause_;
  std::unique_ptr<TlsStream> tls_;  // Null until the client says something, and once it is done.
  std::optional<FrameWatch> watch_;
  std::size_t greeted_ = 0;  // How much of the preface has come.
  Backlog to_library_;
  std::size_t approved_ = 0;  // So much of it has been watched.
  Backlog to_client_;
  unsigned stage_ = 0;  // Rises when the connection begins to end, and when it has ended.
  bool is_over_ = false;
};

}  // namespace warren::gateway
