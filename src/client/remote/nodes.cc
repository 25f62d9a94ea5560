// SPDX-License-Identifier: Apache-2.0

#include "client/remote/nodes.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "os/context.h"
#include "os/process.h"

namespace warren::client {
namespace {

struct Key {
  std::string_view name;
  std::string Target::*value;
};

constexpr std::array kKeys = {Key{"address", &Target::address}, Key{"cert", &Target::certificate},
                              Key{"key", &Target::key}, Key{"ca", &Target::authority}};

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// There may be keys in it. The library throws when a read fails, such as that of a directory.
Result<std::string> read_file(const std::string& path) try {
  WARREN_TRY(os::context(os::keep_memory_private(), "reading {}", path));
  std::ifstream file(path);
  if (!file) {
    const bool is_absent = errno == ENOENT || errno == ENOTDIR;  // A home may be /dev/null.
    const Errc code = is_absent ? Errc::kNotFound : Errc::kInvalidArgument;
    return fail(code, "{}: cannot be read", path);
  }
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
} catch (const std::ios_base::failure&) {
  return fail(Errc::kInvalidArgument, "{}: cannot be read", path);
}

Result<YAML::Node> parse_yaml(std::string_view text, const std::string& path) try {
  // The first document: behind it certificates stand alone, for other programs to find.
  return YAML::Load(std::string(text));
} catch (const YAML::Exception& exception) {
  return fail(Errc::kInvalidArgument, "{}: line {}: {}", path, exception.mark.line + 1,
              exception.msg);
}

bool has_nodes(const YAML::Node& root) {
  return root.IsMap() && root["nodes"].IsDefined();
}

Result<> read_key(Target& target, const YAML::Node& key, const YAML::Node& value) {
  const int line = key.Mark().line + 1;
  const auto* const known = std::ranges::find(kKeys, key.Scalar(), &Key::name);
  if (known == kKeys.end()) {
    return fail(Errc::kInvalidArgument, "line {}: there is no key '{}'", line, key.Scalar());
  }
  if (!value.IsScalar()) return fail(Errc::kInvalidArgument, "line {}: takes one value", line);
  target.*(known->value) = value.Scalar();
  return {};
}

Result<Target> read_target(const YAML::Node& map) {
  if (!map.IsMap()) {
    return fail(Errc::kInvalidArgument, "line {}: takes address, cert, key and ca",
                map.Mark().line + 1);
  }
  Target target;
  for (const auto& entry : map) WARREN_TRY(read_key(target, entry.first, entry.second));
  if (target.address.empty()) return fail(Errc::kInvalidArgument, "it has no address");
  target.address = to_text(WARREN_TRY(parse_address(target.address)));
  return target;
}

Result<std::vector<Node>> read_nodes(const YAML::Node& map) {
  std::vector<Node> nodes;
  for (const auto& entry : map) {
    const std::string name = entry.first.Scalar();
    if (std::ranges::find(nodes, name, &Node::name) != nodes.end()) {
      return fail(Errc::kInvalidArgument, "nodes.{} is there twice", name);
    }
    Target target = WARREN_TRY(context(read_target(entry.second), "nodes.{}", name));
    nodes.push_back({.name = name, .target = std::move(target)});
  }
  return nodes;
}

Result<std::vector<Node>> read_root(const YAML::Node& root) try {
  if (!has_nodes(root) || !root["nodes"].IsMap()) {
    return fail(Errc::kInvalidArgument, "it has no section 'nodes'");
  }
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    if (key == "nodes" || key == "version") continue;
    return fail(Errc::kInvalidArgument, "line {}: there is no key '{}'",
                entry.first.Mark().line + 1, key);
  }
  return read_nodes(root["nodes"]);
} catch (const YAML::Exception& exception) {  // A key that is not a word.
  return fail(Errc::kInvalidArgument, "line {}: {}", exception.mark.line + 1, exception.msg);
}

// Whoever uses another machine of the same file is not bothered with what this one lacks.
Result<Target> whole(const Node& node, std::string_view path) {
  for (const Key& key : kKeys) {
    if (!(node.target.*key.value).empty()) continue;
    return fail(Errc::kInvalidArgument, "{}: nodes.{}: it has no {}", path, node.name, key.name);
  }
  return node.target;
}

}  // namespace

Result<Target> NodesFile::find(std::string_view name) const {
  const auto node = std::ranges::find(nodes, name, &Node::name);
  if (node != nodes.end()) return whole(*node, path);
  std::vector<std::string_view> names;
  names.reserve(nodes.size());
  for (const Node& each : nodes) names.push_back(each.name);
  return fail(Errc::kNotFound, "there is no node '{}' in {}, but {}", name, path,
              names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
}

std::vector<std::string> places_of_nodes(NodesForm form) {
  const bool is_joblet = form == NodesForm::kJoblet;
  const std::string named = from_environment(is_joblet ? "RNX_CONFIG" : "WARREN_CONFIG");
  if (!named.empty()) return {named};
  const std::string home = from_environment("HOME");
  if (is_joblet) {
    return {"rnx-config.yml", "config/rnx-config.yml", home + "/.rnx/rnx-config.yml",
            "/etc/joblet/rnx-config.yml", "/opt/joblet/config/rnx-config.yml"};
  }
  return {home + "/.warren/client.yaml", "/etc/warren/client.yaml"};
}

Result<NodesFile> find_nodes(NodesForm form, const std::string& path) {
  const std::vector<std::string> places =
      path.empty() ? places_of_nodes(form) : std::vector<std::string>{path};
  for (const std::string& place : places) {
    const auto text = read_file(place);
    if (text) return parse_nodes(*text, place);
    if (text.error().code != Errc::kNotFound) return std::unexpected(text.error());
  }
  return fail(Errc::kNotFound, "there is no file of machines: {}", fmt::join(places, ", "));
}

Result<NodesFile> parse_nodes(std::string_view text, const std::string& path) {
  const YAML::Node root = WARREN_TRY(parse_yaml(text, path));
  return NodesFile{.path = path, .nodes = WARREN_TRY(context(read_root(root), "{}", path))};
}

Result<bool> is_nodes_file(const std::string& path) {
  const std::string text = WARREN_TRY(read_file(path));
  return has_nodes(WARREN_TRY(parse_yaml(text, path)));
}

}  // namespace warren::client
