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
#include "client/utf8.h"

namespace warren::client::cli {

CLI::Validator is_text() {
  return {
      [](std::string& text) { return is_utf8(text) ? std::string() : std::string("not UTF-8"); },
      ""};
}

namespace {

constexpr int kUsageError = 2;
constexpr int kNotStarted = 125;

void add_global_flags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--engine", flags.places.engine, "The engine's socket");
  app.add_option("--node", flags.node, "The machine to talk to, by its name in client.yaml");
  app.add_option("--config", flags.places.config,
                 "The engine's configuration file, or the client's file of machines");
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

struct Command {
  std::string_view name;
  void (*add)(CLI::App&, Session&);
};

constexpr Command kCommands[] = {
    {"run", add_run},
    {"list", add_list},
    {"status", add_status},
    {"log", add_log},
    {"wait", add_wait},
    {"stop", add_stop},
    {"pause", add_pause},
    {"resume", add_resume},
    {"delete", add_delete},
    {"tree", add_tree},
    {"events", add_events},
    {"stats", add_stats},
    {"top", add_top},
    {"doctor", add_doctor},
    {"serve", add_serve},
    {"certs", add_certs},
    {"nodes", add_nodes},
    {"config-help", add_config_help},
    {"completion", add_completion},
};

// Describing a command to the parser takes time, so only the one that was named is; all of them for
// help, for completion, and for names that may be unavailable.
void add_commands(CLI::App& app, Session& session, std::string_view name) {
  const auto* const named = std::ranges::find(kCommands, name, &Command::name);
  if (named != std::end(kCommands) && name != "completion") {
    named->add(app, session);
  } else {
    for (const Command& command : kCommands) command.add(app, session);
  }
  // Global flags may follow the command's name.
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
  if (named == std::end(kCommands)) add_unavailable(app, session);
}

bool has_command(CLI::App& app, const std::string& name) {
  const auto is_named = [&](const CLI::App* command) { return command->get_name() == name; };
  return !app.get_subcommands(is_named).empty();
}

// Which words are for the parser, and which for whatever the command starts.
CommandLine split(const CLI::App& app, const std::string& name,
                  const std::vector<std::string>& arguments) {
  if (name == "run") return split_run(app, arguments);
  if (name == "certs") return split_after_name(app, arguments);
  return {arguments, {}};
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

int run_app(const std::vector<std::string>& arguments) {
  Session session;
  CLI::App app("Runs commands in boxes: isolated, limited, recorded.", "warren");
  app.set_version_flag("--version", "warren " WARREN_VERSION);
  app.require_subcommand(1);
  add_global_flags(app, session.flags);
  const std::string name = command_name(app, arguments);
  add_commands(app, session, name);
  if (!name.empty() && !has_command(app, name)) {
    complain(fmt::format("there is no command '{}': see 'warren --help'", name));
    return kUsageError;
  }
  const bool is_run = name == "run";
  CommandLine line = split(app, name, arguments);
  session.command = std::move(line.command);
  std::ranges::reverse(line.flags);  // As the parser takes them.
  try {
    app.parse(std::move(line.flags));
  } catch (const CLI::ParseError& error) {
    return answer(app, error, is_run);
  }
  return session.exit_status();
}

}  // namespace warren::client::cli
