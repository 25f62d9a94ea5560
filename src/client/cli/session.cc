// SPDX-License-Identifier: Apache-2.0

#include "client/cli/session.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "client/complaint.h"
#include "client/output_stream.h"
#include "client/table.h"

namespace warren::client::cli {
namespace {

using Json = nlohmann::ordered_json;

// Names and arguments are bytes; JSON is UTF-8.
std::string to_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

constexpr int kIndent = 2;
constexpr int kOneLine = -1;

// Of a file of machines: whom a client means that names none.
constexpr const char* kUsualNode = "default";

// Whether --config names a file of machines, and not one of an engine. One that is not there is for
// the engine to complain about.
Result<bool> has_nodes_file(const GlobalFlags& flags) {
  if (flags.places.config.empty()) return false;
  auto is_one = is_nodes_file(flags.places.config);
  if (!is_one && is_one.error().code == Errc::kNotFound) return false;
  return is_one;
}

// The machine that is meant; empty: this one. What the command line says counts more than the
// environment.
Result<std::string> name_of_node(const GlobalFlags& flags) {
  if (!flags.node.empty()) {
    if (flags.places.engine.empty()) return flags.node;
    return fail(Errc::kInvalidArgument, "--engine is of this machine, --node of another");
  }
  if (!flags.places.engine.empty()) return "";
  const char* const variable = std::getenv("WARREN_NODE");
  if (variable != nullptr && *variable != '\0') return variable;
  const bool is_named = WARREN_TRY(has_nodes_file(flags));
  return is_named ? kUsualNode : "";
}

}  // namespace

Result<EnginePlace> Session::engine_place() const {
  const std::string node = WARREN_TRY(name_of_node(flags));
  if (node.empty()) return WARREN_TRY(find_places(flags.places));
  const NodesFile machines = WARREN_TRY(nodes());
  return WARREN_TRY(machines.find(node));
}

Result<EngineClient> Session::connect(Startup startup) const {
  return EngineClient::open(WARREN_TRY(engine_place()), startup);
}

Result<NodesFile> Session::nodes() const {
  const std::string& named = flags.places.config;
  if (named.empty()) return find_nodes(NodesForm::kWarren);
  // One that is not there may have been meant: another file could send a job to another machine.
  const bool has_nodes = WARREN_TRY(is_nodes_file(named));
  return find_nodes(NodesForm::kWarren, has_nodes ? named : "");
}

Result<> Session::require_here(std::string_view why_not) const {
  const std::string node = WARREN_TRY(name_of_node(flags));
  if (node.empty()) return {};
  return fail(Errc::kFailedPrecondition, "{}, not on the machine '{}'", why_not, node);
}

std::vector<std::string> Session::fields_or(std::vector<std::string> columns) const {
  if (wants_json() || !flags.fields.empty()) return flags.fields;
  return columns;
}

Result<> Session::show(const Json& object) const {
  const Json selected = WARREN_TRY(select_fields(object, flags.fields));
  return print(STDOUT_FILENO, wants_json() ? to_text(selected, kIndent) : format_object(selected));
}

Result<> Session::show_list(const Json& rows, const std::vector<std::string>& columns) const {
  if (!wants_json()) {
    const auto& fields = flags.fields.empty() ? columns : flags.fields;
    return print(STDOUT_FILENO, WARREN_TRY(format_table(rows, fields)));
  }
  if (flags.fields.empty()) return print(STDOUT_FILENO, to_text(rows, kIndent));
  Json selected = Json::array();
  for (const Json& row : rows) selected.push_back(WARREN_TRY(select_fields(row, flags.fields)));
  return print(STDOUT_FILENO, to_text(selected, kIndent));
}

Result<> Session::show_line(const Json& object) const {
  return print(STDOUT_FILENO, to_text(WARREN_TRY(select_fields(object, flags.fields)), kOneLine));
}

void Session::note(std::string_view sentence) const {
  if (!flags.quiet) complain(sentence);
}

void Session::finish(const Result<>& result, int failure_status) {
  if (result) return;
  complain(result.error().message);
  exit_status_ = failure_status;
}

void complain(std::string_view sentence) {
  complain_as("warren", sentence);
}

}  // namespace warren::client::cli
