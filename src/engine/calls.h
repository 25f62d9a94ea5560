// SPDX-License-Identifier: Apache-2.0
//
// What the handlers of all calls share.

#pragma once

#include <google/protobuf/message_lite.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "engine/gate.h"
#include "engine/task.h"
#include "model/identity.h"
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

[[nodiscard]] inline Task<Result<>> reply(const CallPtr& call,
                                          const google::protobuf::MessageLite& message) {
  return call->send(message.SerializeAsString());
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
