// SPDX-License-Identifier: Apache-2.0

#include "wire/client_channel.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "wire/status.h"

namespace warren::wire {
namespace {

// The most that the kernel passes with one message (SCM_MAX_FD), so that none is ever cut off.
constexpr std::size_t kMostInOneMessage = 253;

Result<sockaddr_un> make_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalidArgument, "the socket path '{}' must have 1 to {} bytes", path,
                sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Error refused(const std::string& path, os::Errno error) {
  const Errc code = error.value == ECONNREFUSED ? Errc::kUnavailable : os::to_errc(error);
  return {code, fmt::format("connecting to {}: {}", path, os::message(error))};
}

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

Result<ClientChannel> ClientChannel::connect(const std::string& path) {
  const sockaddr_un address = WARREN_TRY(make_address(path));
  os::UniqueFd socket = WARREN_TRY(
      os::context(os::call_for_fd([] { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }),
                  "creating a socket"));
  const auto connected = os::call([&] {
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
  if (!connected) return std::unexpected(refused(path, connected.error()));
  return over(std::move(socket));
}

Result<ClientChannel> ClientChannel::over(os::UniqueFd socket) {
  ClientChannel channel(std::move(socket));
  WARREN_TRY(channel.greet());
  return channel;
}

Result<> ClientChannel::greet() {
  v1::Frame frame;
  frame.mutable_hello()->set_version(kVersion);
  frame.mutable_hello()->set_product("warren");
  // Who refuses hangs up without waiting for a greeting, and has said why.
  const auto sent = send(frame);
  while (!greeted_) WARREN_TRY(receive(Wait::kYes));
  return sent;
}

Result<CallId> ClientChannel::open(std::string_view method,
                                   const google::protobuf::MessageLite& request,
                                   std::uint32_t credit) {
  v1::Frame frame;
  frame.set_call(++last_call_);
  frame.mutable_open()->set_method(std::string(method));
  frame.mutable_open()->set_request(request.SerializePartialAsString());
  frame.mutable_open()->set_credit(credit);
  WARREN_TRY(send(frame));
  calls_[last_call_] = {.window = credit};
  return last_call_;
}

Result<> ClientChannel::cancel(CallId call) {
  if (calls_.erase(call) == 0) return {};
  std::erase_if(events_, [call](const CallEvent& event) { return event.call == call; });
  v1::Frame frame;
  frame.set_call(call);
  frame.mutable_cancel();
  return send(frame);
}

Result<CallEvent> ClientChannel::next() {
  while (events_.empty()) WARREN_TRY(receive(Wait::kYes));
  return deliver(events_.begin());
}

Result<CallEvent> ClientChannel::next_of(CallId call) {
  for (;;) {
    const auto event = std::ranges::find(events_, call, &CallEvent::call);
    if (event != events_.end()) return deliver(event);
    if (!calls_.contains(call)) return fail(Errc::kFailedPrecondition, "call {} is over", call);
    WARREN_TRY(receive(Wait::kYes));
  }
}

Result<std::optional<CallEvent>> ClientChannel::poll() {
  while (events_.empty()) {
    if (!WARREN_TRY(receive(Wait::kNo))) return std::nullopt;
  }
  return WARREN_TRY(deliver(events_.begin()));
}

Result<std::string> ClientChannel::exchange(std::string_view method,
                                            const google::protobuf::MessageLite& request) {
  const CallId call = WARREN_TRY(open(method, request));
  std::string answer;
  for (;;) {
    CallEvent event = WARREN_TRY(next_of(call));
    if (!event.end) {
      answer.append(event.message);
      continue;
    }
    if (!*event.end) return std::unexpected(std::move(event.end->error()));
    return answer;
  }
}

Result<pid_t> ClientChannel::server_pid() const {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  WARREN_TRY(os::context(
      os::call([&] { return ::getsockopt(fd(), SOL_SOCKET, SO_PEERCRED, &credentials, &size); }),
      "reading the engine's process id"));
  return credentials.pid;
}

Result<> ClientChannel::send(const v1::Frame& frame) {
  const std::string bytes = WARREN_TRY(encode(frame));
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const auto sent = os::call_for<std::size_t>(
        [&] { return ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL); });
    if (!sent) return fail(Errc::kUnavailable, "the engine hung up");
    rest.remove_prefix(*sent);
  }
  return {};
}

Result<bool> ClientChannel::receive(Wait wait) {
  std::array<char, 16384> bytes;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostInOneMessage * sizeof(int))> control;
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const int flags = MSG_CMSG_CLOEXEC | (wait == Wait::kNo ? MSG_DONTWAIT : 0);
  const auto count =
      os::call_for<std::size_t>([&] { return ::recvmsg(socket_.get(), &message, flags); });
  if (!count && count.error() == os::Errno{EAGAIN}) return false;
  if (!count || *count == 0) return fail(Errc::kUnavailable, "the engine hung up");
  take_descriptors_of(message, descriptors_);
  decoder_.append(std::string_view(bytes.data(), *count));
  WARREN_TRY(take_frames());
  return true;
}

Result<> ClientChannel::take_frames() {
  for (;;) {
    std::optional<v1::Frame> frame = WARREN_TRY(decoder_.next());
    if (!frame) break;
    WARREN_TRY(accept(*std::move(frame)));
  }
  // Descriptors travel with the first bytes of their frame: with no frame begun, nobody owns these.
  if (!decoder_.is_inside_frame()) descriptors_.clear();
  return {};
}

Result<> ClientChannel::accept(v1::Frame frame) {
  CallEvent event{.call = frame.call()};
  event.descriptors = WARREN_TRY(take_descriptors(frame.descriptors()));
  if (frame.call() == 0) {
    if (frame.has_end()) return to_result(frame.end());
    if (!frame.has_hello()) return fail(Errc::kInternal, "the engine sent an unexpected frame");
    if (frame.hello().version() != kVersion) {
      return fail(Errc::kFailedPrecondition, "{} speaks version {} of the native API, not {}",
                  frame.hello().product(), frame.hello().version(), kVersion);
    }
    greeted_ = true;
    return {};
  }
  if (!calls_.contains(frame.call())) return {};  // Under way when the call was cancelled.
  if (frame.has_end()) {
    event.end = to_result(frame.end());
    calls_.erase(frame.call());
  } else if (frame.kind_case() == v1::Frame::kMessage) {
    event.message = std::move(*frame.mutable_message());
  } else {
    return {};  // Kinds of later versions.
  }
  events_.push_back(std::move(event));
  return {};
}

Result<std::vector<os::UniqueFd>> ClientChannel::take_descriptors(std::uint32_t count) {
  if (count > descriptors_.size()) {
    return fail(Errc::kInternal, "the engine announced {} descriptors and sent {}", count,
                descriptors_.size());
  }
  const auto end = descriptors_.begin() + count;
  std::vector<os::UniqueFd> taken(std::make_move_iterator(descriptors_.begin()),
                                  std::make_move_iterator(end));
  descriptors_.erase(descriptors_.begin(), end);
  return taken;
}

Result<CallEvent> ClientChannel::deliver(std::deque<CallEvent>::iterator event) {
  CallEvent delivered = std::move(*event);
  events_.erase(event);
  const auto call = calls_.find(delivered.call);
  if (delivered.end || call == calls_.end()) return delivered;
  // Credit goes back in halves of the window, so that the stream never stalls and few frames
  // travel.
  OpenCall& open = call->second;
  if (++open.taken * 2 < open.window) return delivered;
  v1::Frame frame;
  frame.set_call(delivered.call);
  frame.set_credit(std::exchange(open.taken, 0));
  // A lost connection shows at the next read; what has arrived is still worth having.
  std::ignore = send(frame);
  return delivered;
}

}  // namespace warren::wire
