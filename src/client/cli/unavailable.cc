// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "client/cli/commands.h"

namespace warren::client::cli {
namespace {

constexpr const char* kCommands[] = {"image",   "sandbox", "process", "scope",
                                     "network", "volume",  "box"};

constexpr const char* kRunOptions[] = {
    "--publish",  "--allow-egress", "--max-net-bps", "--volume",          "--secret-env",
    "--every",    "--cron",         "--after",       "--retry",           "--parent",
    "--provider", "--on-exit",      "--spawn",       "--on-child-failure"};

}  // namespace

void add_unavailable(CLI::App& app, Session& session) {
  for (const std::string name : kCommands) {
    CLI::App& command = *app.add_subcommand(name, "Not available yet");
    command.prefix_command();
    command.callback([&session, name] {
      session.finish(fail(Errc::kFailedPrecondition, "{}: not available yet", name));
    });
  }
}

// They stop the parser itself, so that nothing is started without them.
void add_unavailable_run_flags(CLI::App& run, Session& /*session*/) {
  for (const std::string name : kRunOptions) {
    run.add_option_function<std::string>(
           name,
           [name](const std::string&) { throw CLI::ValidationError(name, "not available yet"); })
        ->group("");
  }
  run.add_flag_callback("-t,--tty",
                        [] { throw CLI::ValidationError("--tty", "not available yet"); })
      ->group("");
}

}  // namespace warren::client::cli
