// SPDX-License-Identifier: Apache-2.0

#include "client/cli/session.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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

}  // namespace

Result<EngineClient> Session::connect(Startup startup) const {
  if (!flags.node.empty()) {
    return fail(Errc::kFailedPrecondition, "--node: not available yet");
  }
  return EngineClient::open(WARREN_TRY(find_places(flags.places)), startup);
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
  std::string line = "warren: " + std::string(sentence);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  // There is nowhere else to say that standard error is broken.
  std::ignore = print(STDERR_FILENO, line + '\n');
}

}  // namespace warren::client::cli
