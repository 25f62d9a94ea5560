// SPDX-License-Identifier: Apache-2.0

#include "engine/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "engine/config_keys.h"

namespace warren::engine {
namespace {

constexpr const char* kDefaultPath = "/etc/warren/warren.yaml";

bool is_section(const std::string& path) {
  return std::ranges::any_of(config_keys(),
                             [&](const Key& key) { return key.path.starts_with(path + "."); });
}

Result<Values> values_of(const Key& key, const YAML::Node& value) {
  if (value.IsScalar()) return Values{value.Scalar()};
  const bool is_list = key.takes_many && value.IsSequence() &&
                       std::ranges::all_of(value, [](const auto& item) { return item.IsScalar(); });
  if (!is_list) {
    return fail(Errc::kInvalidArgument, "takes {}", key.takes_many ? "a list" : "one value");
  }
  Values values;
  for (const auto& item : value) values.push_back(item.Scalar());
  return values;
}

Result<> read_value(Config& config, const std::string& path, const YAML::Node& value) {
  const int line = value.Mark().line + 1;
  const auto key = std::ranges::find(config_keys(), path, &Key::path);
  if (key == config_keys().end()) {
    return fail(Errc::kInvalidArgument, "line {}: there is no key '{}'", line, path);
  }
  const Values values = WARREN_TRY(context(values_of(*key, value), "line {}: {}", line, path));
  return context(key->read(config, values), "line {}: {}", line, path);
}

Result<> read_map(Config& config, const std::string& prefix, const YAML::Node& map) {
  for (const auto& entry : map) {
    const std::string path = prefix + entry.first.Scalar();
    if (is_section(path) && entry.second.IsMap()) {
      WARREN_TRY(read_map(config, path + ".", entry.second));
    } else if (!is_section(path) || !entry.second.IsNull()) {
      WARREN_TRY(read_value(config, path, entry.second));
    }
  }
  return {};
}

// The library throws when a read fails, such as that of a directory.
Result<std::string> read_file(const std::filesystem::path& path) try {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail(Errc::kNotFound, "{}: cannot be read", path.string());
  return text;
} catch (const std::ios_base::failure&) {
  return fail(Errc::kInvalidArgument, "{}: cannot be read", path.string());
}

}  // namespace

const FaceCaps* caps_of(const Config& config, model::Face face) noexcept {
  switch (face) {
    case model::Face::kLocal:
      break;
    case model::Face::kWarren:
      return &config.warren_face;
    case model::Face::kJoblet:
      return &config.joblet_face;
    case model::Face::kJobWorker:
      return &config.jobworker_face;
  }
  return nullptr;
}

Result<Config> parse_config(const std::string& text) {
  Config config;
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return config;
    if (!root.IsMap()) return fail(Errc::kInvalidArgument, "line 1: this is not a list of keys");
    WARREN_TRY(read_map(config, "", root));
  } catch (const YAML::Exception& error) {
    return fail(Errc::kInvalidArgument, "line {}: {}", error.mark.line + 1, error.msg);
  }
  return config;
}

Result<Config> load_config(const std::optional<std::filesystem::path>& path) {
  std::error_code unreadable;
  if (!path && !std::filesystem::exists(kDefaultPath, unreadable)) return Config{};
  const std::filesystem::path chosen = path.value_or(kDefaultPath);
  const std::string text = WARREN_TRY(read_file(chosen));
  return context(parse_config(text), "{}", chosen.string());
}

}  // namespace warren::engine
