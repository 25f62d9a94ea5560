// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <memory>

#include "client/cli/commands.h"
#include "client/cli/each_node.h"

namespace warren::client::cli {

void add_pause(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("pause", "Freeze jobs");
  const auto nodes = std::make_shared<std::vector<std::string>>();
  command.add_option("id", *nodes, "Ids, numbers or names")->required()->check(is_text());
  command.callback([&session, nodes] {
    session.finish(call_each(session, wire::kPause, v1::NodeRequest(), *nodes));
  });
}

}  // namespace warren::client::cli
