// SPDX-License-Identifier: Apache-2.0

#include "wire/client_channel.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

#include "os/call.h"
#include "os/context.h"
#include "os/sealed_file.h"
#include "os/socket.h"
#include "wire/client_socket.h"
#include "wire/status.h"

namespace warren::wire {
namespace {

// From this size on a request travels as a file, where it may: nobody copies it then.
constexpr std::size_t kWorthAFile = std::size_t{1} << 20;

}  // namespace

Result<ClientChannel> ClientChannel::connect(const std::string& path) {
  std::optional<os::UniqueFd> socket = WARREN_TRY(connect_socket(path, Blocking::kYes));
  if (!socket) return fail(Errc::kUnavailable, "connecting to {}: too many clients wait", path);
  return over(*std::move(socket));
}

Result<ClientChannel> ClientChannel::over(os::UniqueFd socket, LargeRequests large_requests) {
  ClientChannel channel(std::move(socket), large_requests);
  WARREN_TRY(channel.greet());
  return channel;
}

Result<> ClientChannel::greet() {
  // Who refuses hangs up without waiting for a greeting, and has said why.
  const auto sent = send(greeting());
  while (!greeted_) WARREN_TRY(receive(Wait::kYes));
  return sent;
}

Result<CallId> ClientChannel::open(std::string_view method,
                                   const google::protobuf::MessageLite& request,
                                   std::uint32_t credit) {
  v1::Frame frame;
  frame.set_call(++last_call_);
  frame.mutable_open()->set_method(std::string(method));
  frame.mutable_open()->set_credit(credit);
  std::string bytes = request.SerializePartialAsString();
  os::UniqueFd file;
  if (large_requests_ == LargeRequests::kAsFiles && bytes.size() >= kWorthAFile) {
    file = WARREN_TRY(os::context(os::make_sealed_file("request", std::as_bytes(std::span(bytes))),
                                  "keeping a request"));
    frame.set_descriptors(1);
    frame.add_kinds(v1::HANDED_REQUEST);
  } else {
    frame.mutable_open()->set_request(std::move(bytes));
  }
  WARREN_TRY(send(frame, file));
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

Result<> ClientChannel::send(const v1::Frame& frame, const os::UniqueFd& file) {
  const std::string bytes = WARREN_TRY(encode(frame));
  auto rest = std::as_bytes(std::span(bytes));
  const int descriptor = file.get();
  std::span<const int> descriptors(&descriptor, file ? 1 : 0);  // Goes with the first byte.
  while (!rest.empty()) {
    const auto sent = os::send_message(socket_.get(), rest, std::exchange(descriptors, {}));
    if (!sent) return fail(Errc::kUnavailable, "the engine hung up");
    rest = rest.subspan(*sent);
  }
  return {};
}

Result<bool> ClientChannel::receive(Wait wait) {
  if (!WARREN_TRY(receiver_.receive(socket_.get(), wait))) return false;
  while (std::optional<ReceivedFrame> received = WARREN_TRY(receiver_.next())) {
    WARREN_TRY(accept(*std::move(received)));
  }
  return true;
}

Result<> ClientChannel::accept(ReceivedFrame received) {
  v1::Frame& frame = received.frame;
  if (frame.call() == 0) {
    WARREN_TRY(check_greeting(frame));
    greeted_ = true;
    return {};
  }
  if (!calls_.contains(frame.call())) return {};  // Under way when the call was cancelled.
  CallEvent event{.call = frame.call(), .descriptors = std::move(received.descriptors)};
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
