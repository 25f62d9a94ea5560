// SPDX-License-Identifier: Apache-2.0

#include "gateway/config.h"

#include <fcntl.h>
#include <yaml-cpp/yaml.h>

#include <system_error>

#include "os/context.h"
#include "os/text_file.h"

namespace warren::gateway {
namespace {

constexpr const char* kDefaultPath = "/etc/warren/warren.yaml";
constexpr const char* kSection = "gateway";

// Below it gRPC cannot read the requests that the faces allow.
constexpr Bytes kLeastMemory{std::uint64_t{128} << 20};

Result<Bytes> parse_memory(const std::string& text) {
  const Bytes size = WARREN_TRY(parse_size(text));
  if (size >= kLeastMemory) return size;
  return fail(Errc::kInvalidArgument, "'{}' is less than {}", text, to_text(kLeastMemory));
}

Result<> set_key(Config& config, const std::string& key, const std::string& value) {
  if (key == "user") {
    config.user = value;
  } else if (key == "listen") {
    config.listen = value;
  } else if (key == "max_memory") {
    config.max_memory = WARREN_TRY(parse_memory(value));
  } else if (key != "certs") {  // Of whoever stages them.
    return fail(Errc::kInvalidArgument, "there is no such key");
  }
  return {};
}

Result<> read_section(Config& config, const YAML::Node& section) {
  for (const auto& entry : section) {
    const std::string key = entry.first.Scalar();
    const int line = entry.second.Mark().line + 1;
    if (!entry.second.IsScalar()) {
      return fail(Errc::kInvalidArgument, "line {}: gateway.{} takes one value", line, key);
    }
    WARREN_TRY(
        context(set_key(config, key, entry.second.Scalar()), "line {}: gateway.{}", line, key));
  }
  return {};
}

}  // namespace

Result<Config> parse_config(const std::string& text) {
  Config config;
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return config;
    if (!root.IsMap()) return fail(Errc::kInvalidArgument, "line 1: this is not a list of keys");
    const YAML::Node section = root[kSection];
    if (!section || section.IsNull()) return config;
    if (!section.IsMap()) {
      return fail(Errc::kInvalidArgument, "line {}: gateway is not a list of keys",
                  section.Mark().line + 1);
    }
    WARREN_TRY(read_section(config, section));
  } catch (const YAML::Exception& error) {
    return fail(Errc::kInvalidArgument, "line {}: {}", error.mark.line + 1, error.msg);
  }
  return config;
}

Result<Config> load_config(const std::optional<std::filesystem::path>& path) {
  std::error_code unreadable;
  if (!path && !std::filesystem::exists(kDefaultPath, unreadable)) return Config{};
  const std::filesystem::path chosen = path.value_or(kDefaultPath);
  const std::string text = WARREN_TRY(
      os::context(os::read_text(AT_FDCWD, chosen.c_str()), "reading {}", chosen.string()));
  return context(parse_config(text), "{}", chosen.string());
}

}  // namespace warren::gateway
