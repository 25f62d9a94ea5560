// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>

#include "client/cli/commands.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

constexpr std::string_view kForm = R"(
nodes:
  default:
    address: "build-server:50051"
    cert: |
      -----BEGIN CERTIFICATE-----
      ...
      -----END CERTIFICATE-----
    key: |
      -----BEGIN PRIVATE KEY-----
      ...
      -----END PRIVATE KEY-----
    ca: |
      -----BEGIN CERTIFICATE-----
      ...
      -----END CERTIFICATE-----

On the machine of the server, `warren certs issue NAME --role ROLE` writes such a file.
)";

Result<> config_help() {
  std::string text = "The machines that --node takes are in the first of these files:\n\n";
  text += "  the one that --config names\n";
  for (const std::string& place : places_of_nodes(NodesForm::kWarren)) text += "  " + place + '\n';
  text += "\nIt is that of $WARREN_CONFIG alone where this is set. $WARREN_NODE is for --node.\n";
  return print(STDOUT_FILENO, text.append(kForm));
}

}  // namespace

void add_config_help(CLI::App& app, Session& session) {
  CLI::App& command =
      *app.add_subcommand("config-help", "Show how machines are told to this client");
  command.callback([&session] { session.finish(config_help()); });
}

}  // namespace warren::client::cli
