// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>

#include "client/cli/commands.h"
#include "client/program.h"

namespace warren::client::cli {
namespace {

// Becomes warren-certs, which alone knows OpenSSL.
Result<> certs(const Session& session) {
  WARREN_TRY(session.require_here("certs: certificates are made here"));
  return become("warren-certs", session.command);
}

}  // namespace

void add_certs(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("certs", "Make and renew certificates");
  command.callback([&session] { session.finish(certs(session)); });
}

}  // namespace warren::client::cli
