// SPDX-License-Identifier: Apache-2.0

#include "gateway/methods.h"

#include <utility>

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

awaitable<Result<>> serve_as(std::string name, Handler handler, Request client) {
  Result<> served = co_await handler(std::move(client));
  if (served || served.error().code != Errc::kPermissionDenied) co_return served;
  co_return context(std::move(served), "{}", name);
}

}  // namespace

Handler with_its_name(std::string name, Handler handler) {
  return [name = std::move(name), handler = std::move(handler)](Request client) {
    return serve_as(name, handler, std::move(client));
  };
}

}  // namespace warren::gateway
