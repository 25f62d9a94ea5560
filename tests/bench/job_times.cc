// SPDX-License-Identifier: Apache-2.0
//
// Runs one command as many jobs over the native API, a number of them at a time. Prints the names
// of the stages of a start, then a line for each job: the microseconds from its call until each of
// them was over, the client had heard of it, and its end was known. The last line is the time until
// the last of all had ended and nothing of it was left.
//
// usage: job_times [--limits] [--apart] SOCKET COUNT IN_FLIGHT COMMAND [ARGUMENT...]
//
// With --limits each job has those on memory, processor time, processes and disk. With --apart a
// job is called when nothing is left of those before: what a start takes, without what they leave
// to do.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "warren/v1/engine.pb.h"
#include "wire/client_channel.h"
#include "wire/methods.h"

namespace warren::bench {
namespace {

struct Stage {
  std::string_view name;
  std::int64_t (v1::StartStages::*over_ns)() const;
};

constexpr std::array kStages{
    Stage{"received", &v1::StartStages::received_ns},
    Stage{"accepted", &v1::StartStages::accepted_ns},
    Stage{"committed", &v1::StartStages::committed_ns},
    Stage{"admitted", &v1::StartStages::admitted_ns},
    Stage{"taken", &v1::StartStages::taken_ns},
    Stage{"prepared", &v1::StartStages::prepared_ns},
    Stage{"launching", &v1::StartStages::launching_ns},
    Stage{"cloning", &v1::StartStages::cloning_ns},
    Stage{"began", &v1::StartStages::began_ns},
    Stage{"built", &v1::StartStages::built_ns},
    Stage{"spawned", &v1::StartStages::spawned_ns},
    Stage{"known", &v1::StartStages::known_ns},
    Stage{"settled", &v1::StartStages::settled_ns},
};

// Nanoseconds of the clock by which the engine tells of stages.
std::int64_t now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::nanoseconds(since_boot).count();
}

struct Options {
  bool limits = false;
  bool apart = false;
  std::string socket;
  std::uint32_t count = 0;
  std::uint32_t in_flight = 0;
  std::span<char*> command;
};

struct Called {
  std::int64_t at = 0;
  std::vector<double> microseconds{};  // Since then, of what has happened so far.

  void happened(std::int64_t when) { microseconds.push_back(static_cast<double>(when - at) / 1e3); }
};

v1::RunRequest request_of(const Options& options) {
  v1::RunRequest request;
  request.set_stages(true);
  for (const char* argument : options.command) request.mutable_spec()->add_argv(argument);
  if (options.limits) {
    v1::Limits& limits = *request.mutable_spec()->mutable_limits();
    limits.set_memory_bytes(128U << 20);
    limits.set_cpu_percent(100);
    limits.set_pids(64);
    limits.set_disk_bytes(64U << 20);
  }
  return request;
}

class JobTimes {
 public:
  JobTimes(wire::ClientChannel channel, Options options)
      : channel_(std::move(channel)),
        options_(std::move(options)),
        request_(request_of(options_)) {}

  Result<> run() {
    for (const Stage& stage : kStages) fmt::print("{} ", stage.name);
    fmt::print("told ended\n");
    const std::int64_t began = now();
    for (std::uint32_t left = options_.count; left > 0 || !called_.empty();) {
      if (left > 0 && called_.size() < options_.in_flight) {
        if (options_.apart && called_.empty()) WARREN_TRY(await_clean_up());
        const std::int64_t at = now();
        called_[WARREN_TRY(channel_.open(wire::kRun, request_))] = {.at = at};
        --left;
      } else {
        const auto event = WARREN_TRY(channel_.next());
        WARREN_TRY(take(event));
      }
    }
    WARREN_TRY(await_clean_up());
    fmt::print("{:.1f}\n", static_cast<double>(now() - began) / 1e3);
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
    Called& called = called_.at(event.call);
    if (news.has_stages()) {
      for (const Stage& stage : kStages) called.happened((news.stages().*stage.over_ns)());
      called.happened(now());
    }
    return news.has_ended() ? take_end(news.ended(), called) : Result<>();
  }

  Result<> take_end(const v1::Node& job, Called& called) {
    if (job.state() != "COMPLETED") {
      return fail(Errc::kInternal, "job {}: {}: {}", job.seq(), job.cause(), job.message());
    }
    if (called.microseconds.empty()) {
      return fail(Errc::kInternal, "job {}: nothing is known of its start", job.seq());
    }
    called.happened(now());
    fmt::print("{:.1f}\n", fmt::join(called.microseconds, " "));
    recent_.push_back(job.sandbox());
    if (recent_.size() > std::size_t{2} * options_.in_flight) recent_.pop_front();
    return {};
  }

  // Sandboxes are removed in the order in which their jobs ended, give or take those in flight.
  Result<> await_clean_up() {
    v1::WaitRequest request;
    for (const std::string& sandbox : recent_) request.add_nodes(sandbox);
    if (recent_.empty()) return {};
    WARREN_TRY(channel_.exchange(wire::kWait, request));
    return {};
  }

  wire::ClientChannel channel_;
  Options options_;
  v1::RunRequest request_;
  std::map<wire::CallId, Called> called_;
  std::deque<std::string> recent_;
};

Result<Options> parse(std::span<char*> arguments) {
  Options options;
  auto rest = arguments.subspan(1);
  for (; !rest.empty() && std::string_view(rest[0]).starts_with("--"); rest = rest.subspan(1)) {
    const std::string_view name = rest[0];
    if (name != "--limits" && name != "--apart") {
      return fail(Errc::kInvalidArgument, "no option {}", name);
    }
    (name == "--limits" ? options.limits : options.apart) = true;
  }
  if (rest.size() < 4) {
    return fail(Errc::kInvalidArgument,
                "usage: job_times [--limits] [--apart] SOCKET COUNT IN_FLIGHT COMMAND "
                "[ARGUMENT...]");
  }
  options.socket = rest[0];
  options.count = static_cast<std::uint32_t>(std::atoi(rest[1]));
  options.in_flight = static_cast<std::uint32_t>(std::atoi(rest[2]));
  options.command = rest.subspan(3);
  return options;
}

Result<> run(std::span<char*> arguments) {
  Options options = WARREN_TRY(parse(arguments));
  auto channel = WARREN_TRY(wire::ClientChannel::connect(options.socket));
  return JobTimes(std::move(channel), std::move(options)).run();
}

}  // namespace
}  // namespace warren::bench

int main(int argc, char** argv) {
  const auto result = warren::bench::run(std::span(argv, static_cast<std::size_t>(argc)));
  if (!result) fmt::print(stderr, "job_times: {}\n", result.error().message);
  return result ? 0 : 1;
}
