// SPDX-License-Identifier: Apache-2.0
//
// What the handlers of all calls share.

#pragma once

#include <google/protobuf/message_lite.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/task.h"
#include "model/identity.h"
#include "provider/provider.h"
#include "wire/handed.h"
#include "wire/server.h"

namespace warren::engine {

using CallPtr = std::shared_ptr<wire::Call>;

// A call whose caller is known and may use its method on something.
struct KnownCall {
  CallPtr call;
  model::Caller caller;
};

template <typename Request>
[[nodiscard]] Result<Request> parse(const wire::Call& call) {
  Request request;
  const std::string_view bytes = call.request();
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kInvalidArgument, "the request is not a valid message");
  }
  return request;
}

// Of a call that is about all nodes it names: each costs something, also one that is named again.
[[nodiscard]] inline Result<> check_names(int count, int most) {
  if (count <= most) return {};
  return fail(Errc::kInvalidArgument, "nodes: {} are more than {}", count, most);
}

[[nodiscard]] inline Task<Result<>> reply(const CallPtr& call,
                                          const google::protobuf::MessageLite& message) {
  return call->send(message.SerializeAsString());
}

// The descriptors of an output, in the order of LogEvent.
inline void hand_over(provider::LogFiles files, std::vector<wire::Handed>& handed) {
  handed.push_back({.kind = v1::HANDED_STDOUT, .descriptor = std::move(files.stdout_file)});
  handed.push_back({.kind = v1::HANDED_STDERR, .descriptor = std::move(files.stderr_file)});
  handed.push_back({.kind = v1::HANDED_INDEX, .descriptor = std::move(files.index)});
  if (!files.event) return;
  handed.push_back({.kind = v1::HANDED_EVENT, .descriptor = std::move(files.event)});
}

// A gate that opens when the client cancels the call or goes.
[[nodiscard]] inline std::shared_ptr<Gate> gone_gate(wire::Call& call) {
  auto gone = std::make_shared<Gate>();
  call.on_cancel([gone] { gone->open(); });
  return gone;
}

[[nodiscard]] inline std::unexpected<Error> client_is_gone() {
  return fail(Errc::kUnavailable, "the client has gone");
}

}  // namespace warren::engine
