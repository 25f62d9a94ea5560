// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/node_json.h"

namespace warren::client::cli {
namespace {

Result<v1::WaitReply> wait_for(EngineClient& engine, const v1::WaitRequest& request) {
  for (;;) {
    auto reply = engine.call<v1::WaitReply>(wire::kWait, request);
    if (reply || !is_lost(reply.error())) return reply;
    WARREN_TRY(engine.reconnect());
  }
}

// Like a shell's: that of the first job that failed, in the order asked for.
int exit_status_of(const v1::WaitReply& reply) {
  for (const v1::Node& node : reply.nodes()) {
    if (node.exit_code() != 0) return node.exit_code();
  }
  return 0;
}

Result<int> wait(const Session& session, const std::vector<std::string>& nodes) {
  v1::WaitRequest request;
  request.mutable_nodes()->Assign(nodes.begin(), nodes.end());
  EngineClient engine = WARREN_TRY(session.connect());
  const v1::WaitReply reply = WARREN_TRY(wait_for(engine, request));
  if (session.flags.quiet) return exit_status_of(reply);
  auto rows = nlohmann::ordered_json::array();
  for (const v1::Node& node : reply.nodes()) rows.push_back(node_to_json(node));
  WARREN_TRY(session.show_list(rows, {"seq", "name", "state", "cause", "exit_code", "id"}));
  return exit_status_of(reply);
}

}  // namespace

void add_wait(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("wait", "Wait until jobs have ended");
  const auto nodes = std::make_shared<std::vector<std::string>>();
  command.add_option("id", *nodes, "Ids, numbers or names")->required()->check(is_text());
  command.callback([&session, nodes] {
    const Result<int> status = wait(session, *nodes);
    if (status) return session.finish_with(*status);
    session.finish(std::unexpected(status.error()));
  });
}

}  // namespace warren::client::cli
