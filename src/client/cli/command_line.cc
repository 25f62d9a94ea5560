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
  return argument.size() > 1 && argument.front() == '-';
}

}  // namespace

CommandLine split(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* run = nullptr;
  auto at = arguments.begin();
  while (at != arguments.end()) {
    if (*at == "--" && run != nullptr) break;
    if (is_flag(*at)) {
      const auto left = static_cast<std::size_t>(arguments.end() - at);
      const std::size_t extent = wants_next(app, run, *at) ? 2 : 1;
      at += static_cast<std::ptrdiff_t>(std::min(left, extent));
      continue;
    }
    if (run != nullptr) break;
    if (*at != "run") return {arguments, {}};
    run = app.get_subcommand("run");
    ++at;
  }
  CommandLine line{{arguments.begin(), at}, {at, arguments.end()}};
  if (!line.command.empty() && line.command.front() == "--")
    line.command.erase(line.command.begin());
  return line;
}

}  // namespace warren::client::cli
