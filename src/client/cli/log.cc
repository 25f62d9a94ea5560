// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <chrono>
#include <memory>
#include <variant>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/log_follower.h"
#include "model/schedule.h"
#include "os/local_time.h"

namespace warren::client::cli {
namespace {

struct LogFlags {
  std::string node;
  std::string stream;
  std::string since;
  std::optional<std::uint64_t> tail;
  std::uint64_t offset = 0;
  bool follow = false;
  bool timestamps = false;
};

// "10min" ago, or a point of time, as in the output of --timestamps.
Result<Timestamp> parse_since(const std::string& text) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const model::Schedule since = WARREN_TRY(model::parse_schedule(text));
  if (const auto* const ago = std::get_if<Duration>(&since)) return now - *ago;
  if (const auto* const at = std::get_if<Timestamp>(&since)) return *at;
  return os::to_timestamp(std::get<LocalTimestamp>(since));
}

Result<LogOptions> make_options(const LogFlags& flags) {
  LogOptions options;
  options.offset = flags.offset;
  options.tail = flags.tail;
  options.timestamps = flags.timestamps;
  options.out = flags.stream != "stderr";
  options.err = flags.stream != "stdout";
  if (!flags.since.empty()) {
    options.since = WARREN_TRY(context(parse_since(flags.since), "--since"));
  }
  return options;
}

Result<> log(const Session& session, const LogFlags& flags) {
  const LogOptions options = WARREN_TRY(make_options(flags));
  LogFollower follower(WARREN_TRY(session.engine_place()), flags.node, options,
                       flags.follow ? Follow::kYes : Follow::kNo);
  WARREN_TRY(follower.show());
  if (const std::uint64_t lost = follower.lost_bytes(); lost > 0) {
    session.note(fmt::format("{} bytes of output were not kept", lost));
  }
  return {};
}

}  // namespace

void add_log(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("log", "Show a job's output");
  const auto flags = std::make_shared<LogFlags>();
  command.add_option("id", flags->node, "Id, number or name")->required()->check(is_text());
  command.add_flag("-f,--follow", flags->follow, "Go on until the job has ended");
  command.add_option("--stream", flags->stream, "Only this stream")
      ->check(CLI::IsMember({"stdout", "stderr"}));
  command.add_option("--offset", flags->offset, "Leave out this many bytes at the start");
  command.add_option("--tail", flags->tail, "Only this many of the last lines");
  command.add_option("--since", flags->since, "Only what came in this time, or after this time");
  command.add_flag("--timestamps", flags->timestamps, "Begin each line with its time");
  command.callback([&session, flags] { session.finish(log(session, *flags)); });
}

}  // namespace warren::client::cli
