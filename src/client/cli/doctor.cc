// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/node_json.h"
#include "client/output_stream.h"
#include "client/table.h"

namespace warren::client::cli {
namespace {

Result<> doctor(const Session& session) {
  EngineClient engine = WARREN_TRY(session.connect());
  const auto reply = WARREN_TRY(engine.call<v1::DoctorReply>(wire::kDoctor, v1::Empty()));
  const nlohmann::ordered_json report = doctor_to_json(reply);
  if (session.wants_json()) return session.show(report);
  const std::string checks =
      WARREN_TRY(format_table(report["checks"], {"name", "verdict", "detail"}));
  return print(STDOUT_FILENO, format_object({{"engine", report["engine"]}}) + '\n' + checks);
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("doctor", "Say what this host can enforce");
  command.callback([&session] { session.finish(doctor(session)); });
}

}  // namespace warren::client::cli
