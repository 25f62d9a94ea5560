// SPDX-License-Identifier: Apache-2.0

#include "client/gateway_settings.h"

#include <fcntl.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include "os/context.h"
#include "os/text_file.h"

namespace warren::client {
namespace {

constexpr const char* kUsualPath = "/etc/warren/warren.yaml";

void set(std::string& value, const YAML::Node& section, const char* key) {
  if (const YAML::Node text = section[key]; text && text.IsScalar()) value = text.Scalar();
}

}  // namespace

Result<GatewaySettings> parse_gateway_settings(const std::string& text) {
  GatewaySettings settings;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap() || !root["gateway"] || !root["gateway"].IsMap()) return settings;
    const YAML::Node section = root["gateway"];
    set(settings.user, section, "user");
    set(settings.listen, section, "listen");
    set(settings.certs, section, "certs");
  } catch (const YAML::Exception& error) {
    return fail(Errc::kInvalidArgument, "line {}: {}", error.mark.line + 1, error.msg);
  }
  return settings;
}

Result<GatewaySettings> read_gateway_settings(const std::string& path) {
  if (path.empty() && ::access(kUsualPath, F_OK) != 0) return GatewaySettings();
  const std::string chosen = path.empty() ? kUsualPath : path;
  const std::string text =
      WARREN_TRY(os::context(os::read_text(AT_FDCWD, chosen.c_str()), "reading {}", chosen));
  return context(parse_gateway_settings(text), "{}", chosen);
}

}  // namespace warren::client
