// SPDX-License-Identifier: Apache-2.0

#include <CLI/App.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/node_json.h"
#include "model/spec.h"
#include "model/state.h"

namespace warren::client::cli {
namespace {

struct ListFlags {
  bool sandboxes = false;
  std::vector<std::string> states;
  std::vector<std::string> labels;
  std::uint32_t limit = 0;
};

Result<v1::ListRequest> make_request(const ListFlags& flags) {
  v1::ListRequest request;
  request.set_sandboxes(flags.sandboxes);
  request.set_limit(flags.limit);
  for (std::string state : flags.states) {
    std::ranges::transform(state, state.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    WARREN_TRY(context(model::parse_state(state), "--state"));
    request.add_states(state);
  }
  for (const std::string& label : flags.labels) {
    const auto pair = WARREN_TRY(context(model::parse_assignment(label), "--label"));
    (*request.mutable_labels())[pair.first] = pair.second;
  }
  return request;
}

std::vector<std::string> possible_columns() {
  return {"seq", "name", "state", "cause", "command", "created_at", "scheduled_at", "id"};
}

// When a job is due is of interest for as long as it waits.
std::vector<std::string> columns_for(const v1::ListReply& reply) {
  const bool any_waits = std::ranges::any_of(
      reply.nodes(), [](const v1::Node& node) { return node.state() == "SCHEDULED"; });
  std::vector<std::string> columns = possible_columns();
  if (!any_waits) std::erase(columns, "scheduled_at");
  return columns;
}

Result<> list(const Session& session, const ListFlags& flags) {
  v1::ListRequest request = WARREN_TRY(make_request(flags));
  request.set_view(view_of(session.fields_or(possible_columns())));
  // An empty list would not notice that a field does not exist.
  WARREN_TRY(node_to_json(v1::Node(), session.flags.fields));
  EngineClient engine = WARREN_TRY(session.connect());
  const auto reply = WARREN_TRY(engine.call<v1::ListReply>(wire::kList, request));
  const std::vector<std::string> fields = session.fields_or(columns_for(reply));
  auto rows = nlohmann::ordered_json::array();
  for (const v1::Node& node : reply.nodes()) {
    rows.push_back(WARREN_TRY(node_to_json(node, fields)));
  }
  return session.show_list(rows, fields);
}

}  // namespace

void add_list(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("list", "List jobs, the newest first");
  const auto flags = std::make_shared<ListFlags>();
  command.add_flag("--sandboxes", flags->sandboxes, "Also the sandboxes made for jobs");
  command.add_option("--state", flags->states, "Only in this state")->allow_extra_args(false);
  command.add_option("--label", flags->labels, "Only with this label, NAME=VALUE")
      ->allow_extra_args(false)
      ->check(is_text());
  command.add_option("--limit", flags->limit, "At most this many");
  command.callback([&session, flags] { session.finish(list(session, *flags)); });
}

}  // namespace warren::client::cli
