// SPDX-License-Identifier: Apache-2.0

#include "os/socket.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>

#include "os/call.h"

namespace warren::os {
namespace {

constexpr std::size_t kControlBytes = CMSG_SPACE(sizeof(int) * kMostDescriptors);

void take_descriptors(const cmsghdr& control, Received& received) noexcept {
  const std::size_t count = (control.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  const unsigned char* data = CMSG_DATA(&control);
  for (std::size_t index = 0; index < count; ++index) {
    int fd = -1;
    ::memcpy(&fd, data + index * sizeof fd, sizeof fd);
    received.fds[received.descriptors++].reset(fd);
  }
}

KernelResult<SocketPair> open_pair(int type) noexcept {
  int fds[2];
  const auto made = call([&] { return ::socketpair(AF_UNIX, type, 0, fds); });
  if (!made) return std::unexpected(made.error());
  return SocketPair{.first = UniqueFd(fds[0]), .second = UniqueFd(fds[1])};
}

}  // namespace

KernelResult<std::size_t> send_message(int socket, std::span<const std::byte> bytes,
                                       std::span<const int> fds) noexcept {
  if (fds.size() > kMostDescriptors) return std::unexpected(Errno{EMSGSIZE});
  iovec vector{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
  alignas(cmsghdr) unsigned char control[kControlBytes] = {};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control;
    message.msg_controllen =
        static_cast<decltype(message.msg_controllen)>(CMSG_SPACE(fds.size_bytes()));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = static_cast<decltype(header->cmsg_len)>(CMSG_LEN(fds.size_bytes()));
    ::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  return call_for<std::size_t>([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
}

KernelResult<Received> receive_message(int socket, std::span<std::byte> buffer) noexcept {
  iovec vector{.iov_base = buffer.data(), .iov_len = buffer.size()};
  alignas(cmsghdr) unsigned char control[kControlBytes];
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto bytes =
      call_for<std::size_t>([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (!bytes) return std::unexpected(bytes.error());

  Received received;
  received.bytes = *bytes;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
      take_descriptors(*header, received);
    }
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::unexpected(Errno{EMSGSIZE});
  return received;
}

KernelResult<UniqueFd> accept_connection(int listener) noexcept {
  return call_for_fd([&] { return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); });
}

KernelResult<SocketPair> make_packet_pair() noexcept {
  return open_pair(SOCK_SEQPACKET | SOCK_CLOEXEC);
}

KernelResult<SocketPair> make_stream_pair() noexcept {
  return open_pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
}

KernelResult<> bind_abstract(int socket, std::string_view name) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() + 1 > sizeof address.sun_path) return std::unexpected(Errno{ENAMETOOLONG});
  ::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return call([&] { return ::bind(socket, generic, size); });
}

KernelResult<> limit_unsent(int socket, int bytes) noexcept {
  return call([&] { return ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes); });
}

KernelResult<Pipe> make_pipe() noexcept {
  int fds[2];
  if (const auto made = call([&] { return ::pipe2(fds, O_CLOEXEC); }); !made) {
    return std::unexpected(made.error());
  }
  return Pipe{.read = UniqueFd(fds[0]), .write = UniqueFd(fds[1])};
}

KernelResult<> set_nonblocking(int fd) noexcept {
  const auto flags = call_for<int>([&] { return ::fcntl(fd, F_GETFL); });
  if (!flags) return std::unexpected(flags.error());
  return call([&] { return ::fcntl(fd, F_SETFL, *flags | O_NONBLOCK); });
}

}  // namespace warren::os
