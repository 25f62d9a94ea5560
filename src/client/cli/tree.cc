// SPDX-License-Identifier: Apache-2.0

#include <unistd.h>

#include <CLI/App.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "client/cli/commands.h"
#include "client/node_json.h"
#include "client/output_stream.h"

namespace warren::client::cli {
namespace {

using Json = nlohmann::ordered_json;

// The nodes below each node, by its id; the root's id is "".
using Children = std::multimap<std::string, const v1::Node*>;

Children children_of(const v1::ListReply& reply) {
  std::map<std::string, const v1::Node*> known;
  for (const v1::Node& node : reply.nodes()) known.emplace(node.id(), &node);
  Children children;
  // Ids sort by time of creation. A node whose parent is forgotten stands at the root.
  for (const auto& [id, node] : known) {
    children.emplace(known.contains(node->parent()) ? node->parent() : "", node);
  }
  return children;
}

std::string title(const v1::Node& node) {
  std::string text = node.kind();
  if (node.seq() != 0) text += ' ' + std::to_string(node.seq());
  if (!node.name().empty()) text += ' ' + node.name();
  text += ' ' + node.state();
  for (const std::string& word : node.command()) text += ' ' + word;
  return without_controls(text, '?');
}

void append(std::string& text, const v1::Node& node, const Children& children,
            const std::string& indent) {
  text += title(node) + '\n';
  const auto [begin, end] = children.equal_range(node.id());
  for (auto child = begin; child != end; ++child) {
    const bool is_last = std::next(child) == end;
    text += indent + (is_last ? "`-- " : "|-- ");
    append(text, *child->second, children, indent + (is_last ? "    " : "|   "));
  }
}

Json nested(const v1::Node& node, const Children& children) {
  Json json = node_to_json(node);
  json["nodes"] = Json::array();
  const auto [begin, end] = children.equal_range(node.id());
  for (auto child = begin; child != end; ++child) {
    json["nodes"].push_back(nested(*child->second, children));
  }
  return json;
}

Result<> tree(const Session& session, const std::string& root) {
  EngineClient engine = WARREN_TRY(session.connect());
  v1::ListRequest request;
  request.set_sandboxes(true);
  if (!session.wants_json()) request.set_view(v1::ListRequest::VIEW_BASIC);
  const auto reply = WARREN_TRY(engine.call<v1::ListReply>(wire::kList, request));
  const Children children = children_of(reply);
  std::vector<v1::Node> tops;
  if (root.empty()) {
    const auto [begin, end] = children.equal_range("");
    for (auto top = begin; top != end; ++top) tops.push_back(*top->second);
  } else {
    v1::NodeRequest one;
    one.set_node(root);
    tops.push_back(WARREN_TRY(engine.call<v1::Node>(wire::kGet, one)));
  }
  std::string text;
  Json json = Json::array();
  for (const v1::Node& top : tops) {
    if (session.wants_json()) {
      json.push_back(nested(top, children));
    } else {
      append(text, top, children, "");
    }
  }
  return session.wants_json() ? session.show_list(json, {}) : print(STDOUT_FILENO, text);
}

}  // namespace

void add_tree(CLI::App& app, Session& session) {
  CLI::App& command = *app.add_subcommand("tree", "Show what runs below what");
  const auto root = std::make_shared<std::string>();
  command.add_option("id", *root, "Id, number or name of the top; everything unless told")
      ->check(is_text());
  command.callback([&session, root] { session.finish(tree(session, *root)); });
}

}  // namespace warren::client::cli
