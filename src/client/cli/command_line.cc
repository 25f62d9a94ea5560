// SPDX-License-Identifier: Apache-2.0

#include "client/cli/command_line.h"

#include <algorithm>

namespace warren::client::cli {
namespace {

const CLI::Option* find_option(const CLI::App& app, const CLI::App* run, const std::string& name) {
  const CLI::Option* const of_run = run == nullptr ? nullptr : run->get_option_no_throw(name);
  return of_run != nullptr ? of_run : app.get_option_no_throw(name);
}

bool takes_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

// Whether the value of a flag is the argument after it.
bool wants_next(const CLI::App& app, const CLI::App* run, const std::string& flag) {
  if (flag.starts_with("--")) {
    return flag.find('=') == std::string::npos && takes_value(find_option(app, run, flag));
  }
  // "-dq": all but the last letter can only be switches, or the rest is the value.
  for (std::size_t i = 1; i < flag.size(); ++i) {
    if (takes_value(find_option(app, run, std::string("-") + flag[i]))) return i + 1 == flag.size();
  }
  return false;
}

bool is_flag(const std::string& argument) {
  return argument.size() > 1 && argument.front() == '-' && argument != "--";
}

using Position = std::vector<std::string>::const_iterator;

Position skip_flags(const CLI::App& app, const CLI::App* run, Position at, Position end) {
  while (at != end && is_flag(*at)) {
    const std::ptrdiff_t extent = wants_next(app, run, *at) ? 2 : 1;
    at += std::min(extent, end - at);
  }
  return at;
}

}  // namespace

std::string command_name(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto name = skip_flags(app, nullptr, arguments.begin(), arguments.end());
  return name == arguments.end() ? "" : *name;
}

CommandLine split_after_name(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto name = skip_flags(app, nullptr, arguments.begin(), arguments.end());
  if (name == arguments.end()) return {arguments, {}};
  return {{arguments.begin(), name + 1}, {name + 1, arguments.end()}};
}

CommandLine split_run(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto name = skip_flags(app, nullptr, arguments.begin(), arguments.end());
  if (name == arguments.end()) return {arguments, {}};
  auto command = skip_flags(app, app.get_subcommand("run"), name + 1, arguments.end());
  CommandLine line{{arguments.begin(), command}, {}};
  if (command != arguments.end() && *command == "--") ++command;
  line.command.assign(command, arguments.end());
  return line;
}

}  // namespace warren::client::cli
