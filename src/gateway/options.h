// SPDX-License-Identifier: Apache-2.0
//
// warren-gateway's command line. The environment says nothing.

#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace warren::gateway {

struct Options {
  std::optional<std::filesystem::path> config_file;
  std::filesystem::path runtime_dir = "/run/warren";  // The engine's.
  std::optional<std::string> user;                    // Instead of the configuration's.
  std::optional<std::string> listen;                  // Likewise.
  bool shows_help = false;
};

[[nodiscard]] Result<Options> parse_options(std::span<char* const> arguments);

[[nodiscard]] std::string usage_text();

}  // namespace warren::gateway
