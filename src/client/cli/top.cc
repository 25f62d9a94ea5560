// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <CLI/App.hpp>

#include "client/cli/commands.h"
#include "client/cli/stats_stream.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

constexpr std::uint64_t kPeriodMs = 1000;

// Home, and clear what is below.
constexpr std::string_view kClearScreen = "\x1b[H\x1b[J";

Result<> top(const Session& session) {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  v1::StatsRequest request;
  request.set_interval_ms(is_terminal ? kPeriodMs : 0);
  return read_stats(session, request, [&](const v1::StatsEvent& event) -> Result<> {
    const std::string table = WARREN_TRY(format_stats(event));
    return print(STDOUT_FILENO, is_terminal ? std::string(kClearScreen) + table : table);
  });
}

}  // namespace

void add_top(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("top", "Watch what live jobs use");
  command.callback([&session] { session.finish(top(session)); });
}

}  // namespace warren::client::cli
