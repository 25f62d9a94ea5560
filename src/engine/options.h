// SPDX-License-Identifier: Apache-2.0
//
// warrend's command line and environment.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "engine/places.h"

namespace warren::engine {

inline constexpr const char* kUsualStateDir = "/var/lib/warren";

enum class LogsTo : std::uint8_t {
  kUsual,  // Standard error, or engine.log of one that was given a descriptor to report on.
  kStderr,
};

struct Options {
  Places places;
  std::optional<std::filesystem::path> config_file;
  std::optional<std::string> cgroup_root;  // Where the configuration names none.
  int ready_fd = -1;                       // Where to say that the engine serves.
  LogsTo logs_to = LogsTo::kUsual;
  bool shows_help = false;
};

// Directories come from the flags, else from WARREN_STATE_DIR and WARREN_RUNTIME_DIR, else they are
// /var/lib/warren and /run/warren. WARREN_CGROUP_ROOT is for whoever starts services, whose cgroups
// end with them while jobs go on.
[[nodiscard]] Result<Options> parse_options(std::span<char* const> arguments);

[[nodiscard]] std::string usage_text();

}  // namespace warren::engine
