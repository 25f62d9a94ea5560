// SPDX-License-Identifier: Apache-2.0
//
// Where the flags of `warren run` end and the command begins. Pure.

#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace warren::client::cli {

struct CommandLine {
  std::vector<std::string> flags;    // For the parser, the subcommand's name included.
  std::vector<std::string> command;  // Not for the parser.
};

// The command of `run` begins at the first word that is neither a flag nor a flag's value, or after
// "--". Other subcommands have none. `app` knows which flags take values.
[[nodiscard]] CommandLine split(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace warren::client::cli
