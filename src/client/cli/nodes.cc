// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"

namespace warren::client::cli {
namespace {

// Asks none of them whether it is there.
Result<> nodes(const Session& session) {
  const NodesFile file = WARREN_TRY(session.nodes());
  auto rows = nlohmann::ordered_json::array();
  for (const Node& node : file.nodes) {
    rows.push_back({{"name", node.name}, {"address", node.target.address}, {"file", file.path}});
  }
  return session.show_list(rows, {"name", "address", "file"});
}

}  // namespace

void add_nodes(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("nodes", "List the machines that --node takes");
  command.callback([&session] { session.finish(nodes(session)); });
}

}  // namespace warren::client::cli
