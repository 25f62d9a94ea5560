// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/cli/stats_stream.h"
#include "client/node_json.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

struct StatsFlags {
  std::vector<std::string> nodes;
  std::string interval = "1s";
  bool follow = false;
};

Result<> stats(const Session& session, const StatsFlags& flags) {
  v1::StatsRequest request;
  request.mutable_nodes()->Assign(flags.nodes.begin(), flags.nodes.end());
  const Duration interval = WARREN_TRY(context(parse_duration(flags.interval), "--interval"));
  if (flags.follow) request.set_interval_ms(static_cast<std::uint64_t>(interval.count()));
  return read_stats(session, request, [&](const v1::StatsEvent& event) -> Result<> {
    if (session.wants_json()) return session.show_line(stats_to_json(event));
    return print(STDOUT_FILENO, WARREN_TRY(format_stats(event)));
  });
}

}  // namespace

void add_stats(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("stats", "Show what live jobs use");
  const auto flags = std::make_shared<StatsFlags>();
  command.add_option("id", flags->nodes, "Ids, numbers or names; all unless told")
      ->check(is_text());
  command.add_flag("-f,--follow", flags->follow, "Again after each interval");
  command.add_option("--interval", flags->interval, "Time between two readings")
      ->capture_default_str();
  command.callback([&session, flags] { session.finish(stats(session, *flags)); });
}

}  // namespace warren::client::cli
