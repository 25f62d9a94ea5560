// SPDX-License-Identifier: Apache-2.0
//
// The client end of native frames: several calls at once over one blocking connection, used from
// one thread. Without an event loop of its own: poll(2) `fd()` for POLLIN, then take what is there.

#pragma once

#include <google/protobuf/message_lite.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/unique_fd.h"
#include "wire/frame_receiver.h"

namespace warren::wire {

using CallId = std::uint32_t;

// What happened to a call: a message of its stream, or its end.
struct CallEvent {
  CallId call = 0;
  std::string message{};
  std::vector<os::UniqueFd> descriptors{};  // That came with the message.
  std::optional<Result<>> end{};            // Set: the call is over, and `message` is empty.
};

// What becomes of a request that is larger than a frame: an engine takes none, warren-remote does.
enum class LargeRequests : bool { kRefused, kAsFiles };

class ClientChannel {
 public:
  // Connects to the Unix socket at `path` and exchanges Hello. Fails with kNotFound when there is
  // no socket, with kUnavailable when nobody listens on it.
  [[nodiscard]] static Result<ClientChannel> connect(const std::string& path);

  // Takes over a connected stream socket.
  [[nodiscard]] static Result<ClientChannel> over(
      os::UniqueFd socket, LargeRequests large_requests = LargeRequests::kRefused);

  // Begins a call and does not wait. `credit` messages may be under way at a time.
  [[nodiscard]] Result<CallId> open(std::string_view method,
                                    const google::protobuf::MessageLite& request,
                                    std::uint32_t credit = 16);
  // Nothing more of `call` is reported, and the server stops its work.
  [[nodiscard]] Result<> cancel(CallId call);

  // The next event of any call. A failure means that the connection is lost.
  [[nodiscard]] Result<CallEvent> next();
  // The next event of `call`; those of others stay queued.
  [[nodiscard]] Result<CallEvent> next_of(CallId call);
  // The next event that needs no waiting.
  [[nodiscard]] Result<std::optional<CallEvent>> poll();

  // A call with one answer, from its opening to its end. Where the answer comes in parts, this is
  // all of them: messages merge by concatenation.
  [[nodiscard]] Result<std::string> exchange(std::string_view method,
                                             const google::protobuf::MessageLite& request);

  [[nodiscard]] int fd() const noexcept { return socket_.get(); }

  // The process that called listen(2) on the server's socket (SO_PEERCRED).
  [[nodiscard]] Result<pid_t> server_pid() const;

 private:
  struct OpenCall {
    std::uint32_t window = 0;
    std::uint32_t taken = 0;  // Messages handed to the caller since credit was last given.
  };

  ClientChannel(os::UniqueFd socket, LargeRequests large_requests)
      : socket_(std::move(socket)), large_requests_(large_requests) {}

  [[nodiscard]] Result<> greet();
  [[nodiscard]] Result<> send(const v1::Frame& frame, const os::UniqueFd& file = {});
  // Reads once and takes the frames that are whole; false when nothing is there and it was told
  // not to wait.
  [[nodiscard]] Result<bool> receive(Wait wait);
  [[nodiscard]] Result<> accept(ReceivedFrame received);
  [[nodiscard]] Result<CallEvent> deliver(std::deque<CallEvent>::iterator event);

  os::UniqueFd socket_;
  LargeRequests large_requests_;
  FrameReceiver receiver_;
  std::deque<CallEvent> events_;
  std::map<CallId, OpenCall> calls_;
  CallId last_call_ = 0;
  bool greeted_ = false;
};

}  // namespace warren::wire
