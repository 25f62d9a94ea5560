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

Result<> wait(const Session& session, const std::vector<std::string>& nodes) {
  v1::WaitRequest request;
  request.mutable_nodes()->Assign(nodes.begin(), nodes.end());
  EngineClient engine = WARREN_TRY(session.connect());
  const v1::WaitReply reply = WARREN_TRY(wait_for(engine, request));
  if (session.flags.quiet) return {};
  auto rows = nlohmann::ordered_json::array();
  for (const v1::Node& node : reply.nodes()) rows.push_back(node_to_json(node));
  return session.show_list(rows, {"seq", "name", "state", "cause", "exit_code", "id"});
}

}  // namespace

void add_wait(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("wait", "Wait until jobs have ended");
  const auto nodes = std::make_shared<std::vector<std::string>>();
  command.add_option("id", *nodes, "Ids, numbers or names")->required();
  command.callback([&session, nodes] { session.finish(wait(session, *nodes)); });
}

}  // namespace warren::client::cli
