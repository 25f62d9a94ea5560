// SPDX-License-Identifier: Apache-2.0

#include "wire/received_descriptors.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "os/call.h"

namespace warren::wire {
namespace {

// The most that the kernel passes with one message (SCM_MAX_FD), so that none is ever cut off.
constexpr std::size_t kMostInOneMessage = 253;

void take_descriptors_of(msghdr& message, std::deque<os::UniqueFd>& descriptors) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
}

}  // namespace

os::KernelResult<std::size_t> receive_with_descriptors(int socket, std::span<char> bytes,
                                                       std::deque<os::UniqueFd>& descriptors,
                                                       int flags) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostInOneMessage * sizeof(int))> control;
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto count = os::call_for<std::size_t>(
      [&] { return ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC); });
  if (count) take_descriptors_of(message, descriptors);
  return count;
}

}  // namespace warren::wire
