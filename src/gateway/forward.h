// SPDX-License-Identifier: Apache-2.0
//
// Passes a call on to the engine whose method it names, whatever that is. Descriptors that the
// engine hands over become bytes: src/gateway/remote_message.h. Kinds decide, no method is known.

#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "gateway/methods.h"

namespace warren::gateway {

// A Handler for "/warren.v1.<service>/<method>".
[[nodiscard]] boost::asio::awaitable<Result<>> forward(Request request);

}  // namespace warren::gateway
