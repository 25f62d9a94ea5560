// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/duration.h"
#include "client/cli/commands.h"
#include "client/node_json.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

Result<> show(const Session& session, const v1::NodeEvent& event) {
  if (session.wants_json()) return session.show_line(event_to_json(event));
  return print(
      STDOUT_FILENO,
      fmt::format("{} {} {} {}{}{}\n", to_rfc3339(Timestamp(std::chrono::microseconds(event.at()))),
                  event.node(), event.seq(), event.state(), event.cause().empty() ? "" : " ",
                  event.cause()));
}

// Until the stream ends; `request` remembers how far it came.
Result<> show_stream(const Session& session, EngineClient& engine, v1::EventsRequest& request) {
  const wire::CallId call = WARREN_TRY(engine.channel().open(wire::kEvents, request));
  for (;;) {
    const wire::CallEvent event = WARREN_TRY(engine.channel().next_of(call));
    if (event.end) return *event.end;
    v1::NodeEvent change;
    if (!change.ParseFromString(event.message)) {
      return fail(Errc::kInternal, "the engine's answer is malformed");
    }
    WARREN_TRY(show(session, change));
    request.set_after(change.number());
  }
}

Result<> events(const Session& session, v1::EventsRequest request) {
  EngineClient engine = WARREN_TRY(session.connect());
  for (;;) {
    const auto result = show_stream(session, engine, request);
    if (result ? !request.follow() : !(request.follow() && is_lost(result.error()))) return result;
    WARREN_TRY(engine.reconnect());
  }
}

}  // namespace

void add_events(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("events", "Show what happened to jobs");
  struct Flags {
    std::string node;
    bool follow = false;
    std::uint64_t after = 0;
  };
  const auto flags = std::make_shared<Flags>();
  command.add_option("id", flags->node, "Only of this id, number or name")->check(is_text());
  command.add_flag("-f,--follow", flags->follow, "Go on as more happens");
  command.add_option("--after", flags->after, "Only events with larger numbers");
  command.callback([&session, flags] {
    v1::EventsRequest request;
    request.set_node(flags->node);
    request.set_follow(flags->follow);
    request.set_after(flags->after);
    session.finish(events(session, std::move(request)));
  });
}

}  // namespace warren::client::cli
