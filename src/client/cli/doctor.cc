// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <CLI/App.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/cli/commands.h"
#include "client/node_json.h"
#include "client/output_stream.h"
#include "client/program.h"
#include "client/table.h"

namespace warren::client::cli {
namespace {

using Json = nlohmann::ordered_json;

// A row for each certificate, as `warren-certs check` has it: verdict, path and detail.
Json certificate_checks(const std::vector<std::string>& directories) {
  std::vector<std::string> arguments = {"check"};
  for (const std::string& directory : directories) arguments.push_back("--dir=" + directory);
  const auto findings = output_of("warren-certs", std::move(arguments));
  Json checks = Json::array();
  if (!findings) {
    // What the engine says is worth knowing all the same.
    checks.push_back(
        {{"name", "certificates"}, {"verdict", "limited"}, {"detail", findings.error().message}});
    return checks;
  }
  std::istringstream lines(*findings);
  std::string verdict;
  std::string path;
  std::string detail;
  while (std::getline(lines, verdict, '\t') && std::getline(lines, path, '\t') &&
         std::getline(lines, detail)) {
    checks.push_back({{"name", "certificate." + path}, {"verdict", verdict}, {"detail", detail}});
  }
  return checks;
}

Result<> doctor(const Session& session, const std::vector<std::string>& directories) {
  EngineClient engine = WARREN_TRY(session.connect());
  const auto reply = WARREN_TRY(engine.call<v1::DoctorReply>(wire::kDoctor, v1::Empty()));
  Json report = doctor_to_json(reply);
  // They are files of this machine, and may be asked about on purpose.
  const EnginePlace place = WARREN_TRY(session.engine_place());
  if (!is_elsewhere(place) || !directories.empty()) {
    for (Json& check : certificate_checks(directories)) {
      report["checks"].push_back(std::move(check));
    }
  }
  if (session.wants_json()) return session.show(report);
  const std::string checks =
      WARREN_TRY(format_table(report["checks"], {"name", "verdict", "detail"}));
  return print(STDOUT_FILENO, format_object({{"engine", report["engine"]}}) + '\n' + checks);
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("doctor", "Say what this host can enforce");
  const auto directories = std::make_shared<std::vector<std::string>>();
  command.add_option("--certs", *directories, "Certificates here, instead of the usual places")
      ->allow_extra_args(false);
  command.callback([&session, directories] { session.finish(doctor(session, *directories)); });
}

}  // namespace warren::client::cli
