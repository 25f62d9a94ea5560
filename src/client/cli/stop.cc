// SPDX-License-Identifier: Apache-2.0

#include <signal.h>

#include <CLI/App.hpp>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/cli/each_node.h"

namespace warren::client::cli {
namespace {

struct StopFlags {
  std::vector<std::string> nodes;
  std::string grace;
  std::string signal;
};

// "TERM", "SIGTERM", "15".
Result<std::uint32_t> parse_signal(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0 && number < NSIG) {
    return number;
  }
  const std::string_view name = text.starts_with("SIG") ? text.substr(3) : text;
  for (int candidate = 1; candidate < NSIG; ++candidate) {
    const char* const abbreviation = ::sigabbrev_np(candidate);
    if (abbreviation != nullptr && name == abbreviation) {
      return static_cast<std::uint32_t>(candidate);
    }
  }
  return fail(Errc::kInvalidArgument, "'{}' is no signal", text);
}

Result<> stop(Session& session, const StopFlags& flags) {
  v1::StopRequest request;
  if (!flags.grace.empty()) {
    const Duration grace = WARREN_TRY(context(parse_duration(flags.grace), "--grace"));
    request.set_grace_ms(static_cast<std::uint64_t>(grace.count()));
  }
  if (!flags.signal.empty()) {
    request.set_signal(WARREN_TRY(context(parse_signal(flags.signal), "--signal")));
  }
  return call_each(session, wire::kStop, std::move(request), flags.nodes);
}

}  // namespace

void add_stop(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("stop", "Stop jobs and all their processes");
  const auto flags = std::make_shared<StopFlags>();
  command.add_option("id", flags->nodes, "Ids, numbers or names")->required()->check(is_text());
  command.add_option("--grace", flags->grace, "Time before they are killed; 10s unless told");
  command.add_option("--signal", flags->signal, "What to send first; TERM unless told");
  command.callback([&session, flags] { session.finish(stop(session, *flags)); });
}

}  // namespace warren::client::cli
