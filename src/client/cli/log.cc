// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <time.h>

#include <CLI/App.hpp>
#include <memory>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/log_follower.h"

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

// "10min" ago, or a point of time such as "2026-11-20T08:00:00Z".
Result<Timestamp> parse_since(const std::string& text) {
  const auto now =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (const auto ago = parse_duration(text)) return now - *ago;
  std::tm fields{};
  const char* const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &fields);
  if (rest == nullptr || (std::string_view(rest) != "Z" && *rest != '\0')) {
    return fail(Errc::kInvalidArgument,
                "--since: '{}' is neither a duration nor a time such as 2026-11-20T08:00:00Z",
                text);
  }
  return Timestamp(std::chrono::seconds(::timegm(&fields)));
}

Result<LogOptions> make_options(const LogFlags& flags) {
  LogOptions options;
  options.offset = flags.offset;
  options.tail = flags.tail;
  options.timestamps = flags.timestamps;
  options.out = flags.stream != "stderr";
  options.err = flags.stream != "stdout";
  if (!flags.since.empty()) options.since = WARREN_TRY(parse_since(flags.since));
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
