// SPDX-License-Identifier: Apache-2.0

#include "client/cli/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "client/cli/command_line.h"
#include "client/cli/commands.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

constexpr int kUsageError = 2;
constexpr int kNotStarted = 125;

void add_global_flags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--engine", flags.places.engine, "The engine's socket");
  app.add_option("--node", flags.node, "The machine to talk to");
  app.add_option("--config", flags.places.config, "The engine's configuration file");
  app.add_option("--state-dir", flags.places.state_dir, "Where the engine keeps its state");
  app.add_option("--runtime-dir", flags.places.runtime_dir, "Where the engine listens");
  app.add_option("--format", flags.format, "table or json")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_option("--fields", flags.fields, "Which fields to show, in this order")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("-q,--quiet", flags.quiet, "Say only what was asked for");
  app.add_flag("-v,--verbose", flags.verbose, "Say more");
}

void add_commands(CLI::App& app, Session& session) {
  for (const auto add : {add_run, add_list, add_status, add_log, add_wait, add_stop, add_pause,
                         add_resume, add_delete, add_tree, add_events, add_stats, add_top,
                         add_doctor, add_serve, add_completion, add_unavailable}) {
    add(app, session);
  }
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
}

int complain_about_usage(const CLI::ParseError& error, bool is_run) {
  std::string reason = error.what();
  std::ranges::replace(reason, '\n', ' ');
  complain(is_run ? "run: " + reason : reason);
  return is_run ? kNotStarted : kUsageError;
}

// Help and version count as parse errors for the parser, not for the user.
int answer(const CLI::App& app, const CLI::ParseError& error, bool is_run) {
  if (error.get_exit_code() != 0) return complain_about_usage(error, is_run);
  const bool wants_help = error.get_name() == "CallForHelp";
  const auto printed =
      print(STDOUT_FILENO, wants_help ? app.help() : error.what() + std::string("\n"));
  return printed ? 0 : 1;
}

}  // namespace

int run_app(std::vector<std::string> arguments) {
  Session session;
  CLI::App app("Runs commands in boxes: isolated, limited, recorded.", "warren");
  app.set_version_flag("--version", "warren " WARREN_VERSION);
  app.require_subcommand(1);
  add_global_flags(app, session.flags);
  add_commands(app, session);

  CommandLine line = split(app, arguments);
  session.command = std::move(line.command);
  const bool is_run = std::ranges::find(line.flags, "run") != line.flags.end();
  std::ranges::reverse(line.flags);  // As the parser takes them.
  try {
    app.parse(std::move(line.flags));
  } catch (const CLI::ParseError& error) {
    return answer(app, error, is_run);
  }
  return session.exit_status();
}

}  // namespace warren::client::cli
