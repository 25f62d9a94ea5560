// SPDX-License-Identifier: Apache-2.0
//
// Messages as handlers take them from a client and exchange them with the engine.

#pragma once

#include <google/protobuf/message_lite.h>

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/co_try.h"
#include "base/result.h"
#include "gateway/stream.h"
#include "wire/async_channel.h"

namespace warren::gateway {

// The client's first message. One that is malformed, or none, is kInvalidArgument.
template <typename Message>
[[nodiscard]] boost::asio::awaitable<Result<Message>> receive(Stream& stream) {
  WARREN_CO_TRY(const std::optional<std::string> bytes, co_await stream.read());
  Message message;
  if (!bytes || !message.ParseFromString(*bytes)) {
    co_return fail(Errc::kInvalidArgument, "the request is not a valid message");
  }
  co_return message;
}

// The answer of a call of the engine that has one, once the call is over. The caller keeps
// `request`.
template <typename Answer>
[[nodiscard]] boost::asio::awaitable<Result<Answer>> ask(
    std::shared_ptr<wire::AsyncChannel> engine, std::string_view method,
    const google::protobuf::MessageLite& request) {
  const std::unique_ptr<wire::AsyncCall> call = engine->open(method, request.SerializeAsString());
  WARREN_CO_TRY(const std::optional<wire::AsyncMessage> message, co_await call->next());
  Answer answer;
  if (!message || !answer.ParseFromString(message->bytes)) {
    co_return fail(Errc::kInternal, "{}: the engine's answer is malformed", method);
  }
  WARREN_CO_TRY(co_await call->next());
  co_return answer;
}

}  // namespace warren::gateway
