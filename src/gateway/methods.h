// SPDX-License-Identifier: Apache-2.0
//
// What a foreign client may call: each path with its face and its handler. There is no default row.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "gateway/permits.h"
#include "gateway/stream.h"
#include "model/identity.h"
#include "wire/async_channel.h"

namespace warren::gateway {

// What a handler works with. The stream outlives the handler's coroutine.
struct Request {
  Stream& stream;
  // A connection to the engine that speaks for this client, through this method's face.
  std::shared_ptr<wire::AsyncChannel> engine;
  // Where the method's requests may be large, or it gathers: others wait for it. Whoever goes on
  // after the request itself, or what was gathered, is needed no more gives it back before that.
  std::optional<Permits::Permit> permit = {};
};

// Serves one call; what it returns is the call's status. Runs on the gateway's loop and never
// blocks it. When the client goes away, stream operations fail and the calls of `engine` are
// cancelled, and the handler returns.
using Handler = std::function<boost::asio::awaitable<Result<>>(Request)>;

inline constexpr std::size_t kLargestMessage = std::size_t{4} << 20;
// What a method may ask for beyond it: an upload of Joblet's, of 100 MiB with names.
inline constexpr std::size_t kLargestUploadRequest = std::size_t{110} << 20;

struct Method {
  std::string path;  // "/joblet.JobletService/RunJob"
  model::Face face;
  Handler handler;
  std::size_t largest_request = kLargestMessage;  // Bytes; beyond it RESOURCE_EXHAUSTED.
  bool gathers =
      false;  // It goes through all jobs and keeps what it finds; also a permit's matter.
};

using Methods = std::vector<Method>;

// `handler`, but whoever it denies a permission is told `name` first: the engine does not know what
// other systems call what they ask for.
[[nodiscard]] Handler with_its_name(std::string name, Handler handler);

}  // namespace warren::gateway
