// SPDX-License-Identifier: Apache-2.0
//
// Messages with descriptors over Unix sockets.

#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "os/errno.h"
#include "os/unique_fd.h"

namespace warren::os {

inline constexpr std::size_t kMostDescriptors = 64;  // In one message; SCM_MAX_FD is 253.

struct Received {
  std::size_t bytes = 0;  // 0: the other end is closed.
  std::size_t descriptors = 0;
  std::array<UniqueFd, kMostDescriptors> fds;  // Close-on-exec.
};

// sendmsg(2) with SCM_RIGHTS and MSG_NOSIGNAL. The descriptors stay the caller's.
[[nodiscard]] KernelResult<std::size_t> send_message(int socket, std::span<const std::byte> bytes,
                                                     std::span<const int> fds) noexcept;

// recvmsg(2) with MSG_CMSG_CLOEXEC. A message larger than `buffer` or with more descriptors than
// fit is EMSGSIZE; what came of it is closed.
[[nodiscard]] KernelResult<Received> receive_message(int socket,
                                                     std::span<std::byte> buffer) noexcept;

// accept4(2) with SOCK_CLOEXEC.
[[nodiscard]] KernelResult<UniqueFd> accept_connection(int listener) noexcept;

// Whether an error of receive_message() says that the other end is gone; every other is about one
// message, or about this moment.
[[nodiscard]] constexpr bool is_disconnected(Errno error) noexcept {
  return error.value == ECONNRESET || error.value == EPIPE;
}

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};
// socketpair(2) of type SOCK_SEQPACKET.
[[nodiscard]] KernelResult<SocketPair> make_packet_pair() noexcept;

// socketpair(2) of type SOCK_STREAM. Neither end blocks.
[[nodiscard]] KernelResult<SocketPair> make_stream_pair() noexcept;

// bind(2) to a name that is no file, unix(7): abstract, without its first zero, at most 107 bytes.
[[nodiscard]] KernelResult<> bind_abstract(int socket, std::string_view name) noexcept;

// setsockopt(2) SO_SNDBUF. The kernel doubles it, and counts its own costs.
[[nodiscard]] KernelResult<> limit_unsent(int socket, int bytes) noexcept;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
// pipe2(2).
[[nodiscard]] KernelResult<Pipe> make_pipe() noexcept;

// fcntl(2) O_NONBLOCK.
[[nodiscard]] KernelResult<> set_nonblocking(int fd) noexcept;

}  // namespace warren::os
