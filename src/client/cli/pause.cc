// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <memory>

#include "client/cli/commands.h"

namespace warren::client::cli {
namespace {

Result<> pause_all(const Session& session, const std::vector<std::string>& nodes) {
  EngineClient engine = WARREN_TRY(session.connect());
  for (const std::string& node : nodes) {
    v1::NodeRequest request;
    request.set_node(node);
    WARREN_TRY(engine.call<v1::Node>(wire::kPause, request));
  }
  return {};
}

}  // namespace

void add_pause(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("pause", "Freeze jobs");
  const auto nodes = std::make_shared<std::vector<std::string>>();
  command.add_option("id", *nodes, "Ids, numbers or names")->required();
  command.callback([&session, nodes] { session.finish(pause_all(session, *nodes)); });
}

}  // namespace warren::client::cli
