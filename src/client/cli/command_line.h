// SPDX-License-Identifier: Apache-2.0
//
// Where the flags of `warren` end, and the words of what it starts begin. Pure.

#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

namespace warren::client::cli {

// The first word that is neither a flag nor a flag's value; empty when there is none. `app` has the
// global flags.
[[nodiscard]] std::string command_name(const CLI::App& app,
                                       const std::vector<std::string>& arguments);

struct CommandLine {
  std::vector<std::string> flags;    // For the parser, the name included.
  std::vector<std::string> command;  // Not for the parser.
};

// Everything after the name of the command is its own. `app` has the global flags.
[[nodiscard]] CommandLine split_after_name(const CLI::App& app,
                                           const std::vector<std::string>& arguments);

// The command of `run` begins at the first word after its name that is neither a flag nor a flag's
// value, or after "--". `app` has the global flags and `run`; the arguments name it.
[[nodiscard]] CommandLine split_run(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace warren::client::cli
