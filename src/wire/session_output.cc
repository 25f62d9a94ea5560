// SPDX-License-Identifier: Apache-2.0
//
// What a session sends. The usual frame leaves with one system call, at once; only what the socket
// does not take is queued.

#include <sys/socket.h>

#include <array>
#include <cstring>
#include <utility>

#include "os/call.h"
#include "wire/server_call.h"
#include "wire/session.h"

namespace warren::wire {
namespace {

constexpr std::size_t kControlSize = CMSG_SPACE(kMostDescriptors * sizeof(int));

// `control` must outlive `message`.
void attach(msghdr& message, std::array<char, kControlSize>& control,
            const std::vector<os::UniqueFd>& descriptors) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const int fd = descriptors[i].get();
    std::memcpy(CMSG_DATA(part) + i * sizeof fd, &fd, sizeof fd);
  }
}

}  // namespace

Result<> Session::send(const v1::Frame& frame, std::vector<os::UniqueFd> descriptors) {
  if (!socket_.is_open()) return {};  // Nobody is left to care.
  std::string bytes = WARREN_TRY(encode(frame));
  unsent_bytes_ += bytes.size();
  outgoing_.push_back({.bytes = std::move(bytes), .descriptors = std::move(descriptors)});
  if (!waits_for_room_) flush();
  return {};
}

void Session::flush() {
  const bool was_congested = is_congested();
  while (!outgoing_.empty()) {
    Outgoing& first = outgoing_.front();
    const auto count = send_some(first);
    if (!count && count.error() == os::Errno{EAGAIN}) {
      flush_when_writable();
      break;
    }
    if (!count) return close();
    first.descriptors.clear();
    first.sent += *count;
    unsent_bytes_ -= *count;
    if (first.sent == first.bytes.size()) outgoing_.pop_front();
  }
  if (!was_congested || is_congested()) return;
  drained_.notify();
  for (const auto& [id, call] : calls_) call->wake();
}

os::KernelResult<std::size_t> Session::send_some(const Outgoing& outgoing) noexcept {
  iovec part{.iov_base = const_cast<char*>(outgoing.bytes.data()) + outgoing.sent,
             .iov_len = outgoing.bytes.size() - outgoing.sent};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  if (!outgoing.descriptors.empty()) attach(message, control, outgoing.descriptors);
  return os::call_for<std::size_t>(
      [&] { return ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
}

void Session::flush_when_writable() {
  waits_for_room_ = true;
  socket_.async_wait(boost::asio::posix::descriptor_base::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->waits_for_room_ = false;
                       if (!error && self->socket_.is_open()) self->flush();
                     });
}

}  // namespace warren::wire
