// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/node_json.h"

namespace warren::client::cli {
namespace {

Result<> status(const Session& session, const std::string& node) {
  EngineClient engine = WARREN_TRY(session.connect());
  v1::NodeRequest request;
  request.set_node(node);
  return session.show(node_to_json(WARREN_TRY(engine.call<v1::Node>(wire::kGet, request))));
}

}  // namespace

void add_status(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("status", "Show one job in full");
  const auto node = std::make_shared<std::string>();
  command.add_option("id", *node, "Id, number, name, or the start of an id")
      ->required()
      ->check(is_text());
  command.callback([&session, node] { session.finish(status(session, *node)); });
}

}  // namespace warren::client::cli
