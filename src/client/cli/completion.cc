// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

// "--name --image -d --detach", without those that are not for people.
std::string flags_of(const CLI::App& app) {
  std::string words;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_snames()) words += " -" + name;
    for (const std::string& name : option->get_lnames()) words += " --" + name;
  }
  return words.empty() ? words : words.substr(1);
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) { return !command->get_name().empty(); });
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::string names;
  for (const CLI::App* command : commands) {
    names += (names.empty() ? "" : " ") + command->get_name();
  }
  return names;
}

// Bash and zsh (through its bashcompinit) share one function.
std::string bash_script(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    cases += fmt::format("      {}) words=\"{} {}\" ;;\n", command->get_name(), flags_of(*command),
                         flags_of(app));
  }
  return fmt::format(R"(_warren() {{
  local words="{} {}" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${{COMP_WORDS[i]}}" in
{}    esac
  done
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _warren warren
)",
                     names_of(commands_of(app)), flags_of(app), cases);
}

std::string zsh_script(const CLI::App& app) {
  return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(app);
}

std::string fish_script(const CLI::App& app) {
  std::string script;
  for (const CLI::App* command : commands_of(app)) {
    script += fmt::format("complete -c warren -n __fish_use_subcommand -f -a {} -d '{}'\n",
                          command->get_name(), command->get_description());
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_group().empty()) continue;
      for (const std::string& name : option->get_lnames()) {
        script +=
            fmt::format("complete -c warren -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n",
                        command->get_name(), name, option->get_description());
      }
    }
  }
  return script;
}

std::string script_for(const std::string& shell, const CLI::App& app) {
  if (shell == "zsh") return zsh_script(app);
  return shell == "fish" ? fish_script(app) : bash_script(app);
}

}  // namespace

void add_completion(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("completion", "Print a completion script for a shell");
  const auto shell = std::make_shared<std::string>();
  command.add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command.callback(
      [&app, &session, shell] { session.finish(print(STDOUT_FILENO, script_for(*shell, app))); });
}

}  // namespace warren::client::cli
