// SPDX-License-Identifier: Apache-2.0

#include "engine/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "model/limits.h"

namespace warren::engine {
namespace {

constexpr const char* kDefaultPath = "/etc/warren/warren.yaml";

using Read = Result<> (*)(Config&, const std::string&);

// A key by its full path, "retention.days".
struct Key {
  std::string_view path;
  Read read;
};

template <typename Number>
Result<Number> parse_number(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return fail(Errc::kInvalidArgument, "'{}' is not a whole number in range", text);
}

Result<bool> parse_flag(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(Errc::kInvalidArgument, "'{}' is neither true nor false", text);
}

Result<store::Durability> parse_durability(const std::string& text) {
  if (text == "process") return store::Durability::kProcess;
  if (text == "power") return store::Durability::kPower;
  return fail(Errc::kInvalidArgument, "'{}' is neither process nor power", text);
}

template <typename Number>
Result<Number> parse_at_most(const std::string& text, Number most) {
  const auto number = WARREN_TRY(parse_number<Number>(text));
  if (number <= most) return number;
  return fail(Errc::kInvalidArgument, "'{}' is more than {}", text, most);
}

// What is subtracted from the time, and multiplied, stays far from where numbers end: a sum that
// wrapped around would forget everything.
Result<Duration> parse_days(const std::string& text) {
  constexpr std::uint32_t kCentury = 36'525;
  const auto days = WARREN_TRY(parse_at_most(text, kCentury));
  return std::chrono::days(days);
}

Result<std::uint64_t> parse_kept(const std::string& text) {
  constexpr std::uint64_t kBillion = 1'000'000'000;
  return parse_at_most(text, kBillion);
}

// A default that no job could be given is a mistake of whoever wrote it. 0 is no limit at all.
Result<std::uint64_t> parse_default_pids(const std::string& text) {
  model::Limits limits;
  const auto pids = WARREN_TRY(parse_number<std::uint64_t>(text));
  if (pids != 0) limits.pids = pids;
  WARREN_TRY(model::validate(limits));
  return pids;
}

Result<Bytes> parse_default_log(const std::string& text) {
  model::Limits limits;
  const Bytes size = WARREN_TRY(parse_size(text));
  if (size.value != 0) limits.log = size;
  WARREN_TRY(model::validate(limits));
  return size;
}

Result<std::string> parse_pool_kind(const std::string& text) {
  if (text == "auto" || text == "btrfs" || text == "directory") return text;
  return fail(Errc::kInvalidArgument, "'{}' is none of auto, btrfs, directory", text);
}

Result<std::string> parse_text(const std::string& text) {
  return text;
}

Result<Bytes> parse_bytes(const std::string& text) {
  return parse_size(text);
}

template <auto kMember, auto kParse>
Result<> set(Config& config, const std::string& text) {
  config.*kMember = WARREN_TRY(kParse(text));
  return {};
}

constexpr std::array kKeys{
    Key{"max_concurrent", set<&Config::max_concurrent, parse_number<std::uint32_t>>},
    Key{"max_memory", set<&Config::max_memory, parse_bytes>},
    Key{"max_queued", set<&Config::max_queued, parse_number<std::uint64_t>>},
    Key{"local_users", set<&Config::local_users, parse_flag>},
    Key{"durability", set<&Config::durability, parse_durability>},
    Key{"retention.days", set<&Config::retention_age, parse_days>},
    Key{"retention.count", set<&Config::retention_count, parse_kept>},
    Key{"defaults.pids", set<&Config::default_pids, parse_default_pids>},
    Key{"defaults.log", set<&Config::default_log, parse_default_log>},
    Key{"groups.admin", set<&Config::admin_group, parse_text>},
    Key{"groups.viewers", set<&Config::viewer_group, parse_text>},
    Key{"cgroup_root", set<&Config::cgroup_root, parse_text>},
    Key{"pool.kind", set<&Config::pool_kind, parse_pool_kind>},
};

bool is_section(const std::string& path) {
  return std::ranges::any_of(kKeys,
                             [&](const Key& key) { return key.path.starts_with(path + "."); });
}

Result<> read_value(Config& config, const std::string& path, const YAML::Node& value) {
  const int line = value.Mark().line + 1;
  const auto* const key = std::ranges::find(kKeys, path, &Key::path);
  if (key == kKeys.end()) {
    return fail(Errc::kInvalidArgument, "line {}: there is no key '{}'", line, path);
  }
  if (!value.IsScalar()) {
    return fail(Errc::kInvalidArgument, "line {}: {} takes one value", line, path);
  }
  return context(key->read(config, value.Scalar()), "line {}: {}", line, path);
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
