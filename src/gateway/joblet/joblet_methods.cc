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

boost::asio::awaitable<Result<>> refuse(std::string reason) {
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
          .handler = with_its_name(std::string(name), std::move(handler))};
}

Method missing_row(std::string_view service, std::string_view name, std::string_view reason) {
  return joblet_row(service, name, [text = fmt::format("{}: {}", name, reason)](const Request&) {
    return refuse(text);
  });
}

Method gathering_row(std::string_view service, std::string_view name, Handler handler) {
  Method method = joblet_row(service, name, std::move(handler));
  method.gathers = true;
  return method;
}

Methods joblet_methods() {
  Methods methods = v2_methods();
  std::ranges::move(uuid_methods(machine_name()), std::back_inserter(methods));
  return methods;
}

}  // namespace warren::gateway
