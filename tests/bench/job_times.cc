// SPDX-License-Identifier: Apache-2.0
//
// Runs one command as many jobs over the native API, a number of them at a time, and prints for
// each the microseconds from the call until the command was started, and until its end was known.
// The last line is the time of all of them.
//
// usage: job_times SOCKET COUNT IN_FLIGHT COMMAND [ARGUMENT...]

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "base/result.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/methods.h"

namespace warren::bench {
namespace {

// The engine notes its times by the same clock.
std::int64_t now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

class JobTimes {
 public:
  JobTimes(wire::ClientChannel channel, std::span<char*> command) : channel_(std::move(channel)) {
    for (const char* argument : command) request_.mutable_spec()->add_argv(argument);
  }

  Result<> run(std::uint32_t count, std::uint32_t in_flight) {
    const std::int64_t began = now();
    while (count > 0 || !called_.empty()) {
      if (count > 0 && called_.size() < in_flight) {
        const auto call = WARREN_TRY(channel_.open(wire::kRun, request_));
        called_[call] = now();
        --count;
      } else {
        const auto event = WARREN_TRY(channel_.next());
        WARREN_TRY(take(event));
      }
    }
    fmt::print("{}\n", now() - began);
    return {};
  }

 private:
  Result<> take(const wire::CallEvent& event) {
    if (event.end) {
      called_.erase(event.call);
      return *event.end;
    }
    v1::RunEvent news;
    if (!news.ParseFromString(event.message)) return fail(Errc::kInternal, "a malformed answer");
    if (!news.has_ended()) return {};
    const v1::Node& job = news.ended();
    if (job.state() != "COMPLETED") {
      return fail(Errc::kInternal, "job {}: {}: {}", job.seq(), job.cause(), job.message());
    }
    const std::int64_t called = called_.at(event.call);
    fmt::print("{} {}\n", job.started_at() - called, now() - called);
    return {};
  }

  wire::ClientChannel channel_;
  v1::RunRequest request_;
  std::map<wire::CallId, std::int64_t> called_;
};

Result<> run(std::span<char*> arguments) {
  if (arguments.size() < 5) {
    return fail(Errc::kInvalidArgument, "usage: job_times SOCKET COUNT IN_FLIGHT COMMAND...");
  }
  auto channel = WARREN_TRY(wire::ClientChannel::connect(arguments[1]));
  JobTimes times(std::move(channel), arguments.subspan(4));
  return times.run(static_cast<std::uint32_t>(std::atoi(arguments[2])),
                   static_cast<std::uint32_t>(std::atoi(arguments[3])));
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) {
  const auto result = warren::bench::run(std::span(argv, static_cast<std::size_t>(argc)));
  if (!result) fmt::print(stderr, "job_times: {}\n", result.error().message);
  return result ? 0 : 1;
}
