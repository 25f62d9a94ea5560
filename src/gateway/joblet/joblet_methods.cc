// SPDX-License-Identifier: Apache-2.0

#include "gateway/joblet/joblet_methods.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "gateway/joblet/run_request.h"
#include "gateway/joblet/service.h"
#include "os/local_time.h"

namespace warren::gateway {
namespace {

using boost::asio::awaitable;

awaitable<Result<>> serve_as(std::string name, Handler handler, Request client) {
  Result<> served = co_await handler(std::move(client));
  if (served || served.error().code != Errc::kPermissionDenied) co_return served;
  co_return context(std::move(served), "{}", name);
}

awaitable<Result<>> refuse(std::string reason) {
  co_return fail(Errc::kUnimplemented, "{}", reason);
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

}  // namespace

face::joblet::Clock clock_of_this_machine() {
  const auto now = std::chrono::system_clock::now();
  return {.now = std::chrono::floor<std::chrono::microseconds>(now), .resolve = os::to_timestamp};
}

Method joblet_row(std::string_view service, std::string_view name, Handler handler) {
  return {.path = fmt::format("/joblet.{}/{}", service, name),
          .face = model::Face::kJoblet,
          .handler = [name = std::string(name), handler = std::move(handler)](Request client) {
            return serve_as(name, handler, std::move(client));
          }};
}

Method missing_row(std::string_view service, std::string_view name, std::string_view reason) {
  return joblet_row(service, name, [text = fmt::format("{}: {}", name, reason)](const Request&) {
    return refuse(text);
  });
}

Methods joblet_methods() {
  Methods methods = v2_methods();
  std::ranges::move(uuid_methods(machine_name()), std::back_inserter(methods));
  return methods;
}

}  // namespace warren::gateway
