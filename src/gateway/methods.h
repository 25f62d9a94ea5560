// SPDX-License-Identifier: Apache-2.0
//
// What a foreign client may call: each path with its face and its handler. There is no default row.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/stream.h"
#include "model/identity.h"
#include "wire/async_channel.h"

namespace warren::gateway {

// What a handler works with. Both outlive the handler's coroutine.
struct Request {
  Stream& stream;
  // A connection to the engine that speaks for this client, through this method's face.
  std::shared_ptr<wire::AsyncChannel> engine;
};

// Serves one call; what it returns is the call's status. Runs on the gateway's loop and never
// blocks it. When the client goes away, stream operations fail and the calls of `engine` are
// cancelled, and the handler returns.
using Handler = std::function<boost::asio::awaitable<Result<>>(Request)>;

inline constexpr std::size_t kLargestMessage = std::size_t{4} << 20;

struct Method {
  std::string path;  // "/joblet.JobletService/RunJob"
  model::Face face;
  Handler handler;
  std::size_t largest_request = kLargestMessage;  // Bytes; beyond it RESOURCE_EXHAUSTED.
};

using Methods = std::vector<Method>;

// `handler`, but whoever it denies a permission is told `name` first: the engine does not know what
// other systems call what they ask for.
[[nodiscard]] Handler with_its_name(std::string name, Handler handler);

}  // namespace warren::gateway
