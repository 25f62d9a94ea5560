// SPDX-License-Identifier: Apache-2.0
//
// What of warren.yaml the gateway needs: the section `gateway`. The engine, which reads the whole
// file, says what is wrong with the rest. docs/reference/configuration.md lists the keys.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/size.h"

namespace warren::gateway {

struct Config {
  std::string user = "warren-gateway";
  std::string listen;  // ADDRESS:PORT; empty: there is no listener.
  Bytes max_memory{std::uint64_t{512} << 20};
  friend bool operator==(const Config&, const Config&) = default;
};

// Fails on a key of the section that it does not know, and names its line.
[[nodiscard]] Result<Config> parse_config(const std::string& text);

// Without a path, /etc/warren/warren.yaml where it exists.
[[nodiscard]] Result<Config> load_config(const std::optional<std::filesystem::path>& path);

}  // namespace warren::gateway
