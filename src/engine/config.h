// SPDX-License-Identifier: Apache-2.0
//
// warren.yaml. Everything has a default, and the defaults deny: an empty file and none at all are
// the same. docs/reference/configuration.md lists the keys.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/duration.h"
#include "base/result.h"
#include "base/size.h"
#include "engine/face_caps.h"
#include "engine/face_places.h"
#include "model/identity.h"
#include "store/store.h"

namespace warren::engine {

struct Config {
  std::uint32_t max_concurrent = 4096;            // Jobs that run at a time; 0: no bound.
  Bytes max_memory;                               // Sum of their memory limits; 0: no bound.
  std::uint64_t max_queued = 100'000;             // Jobs that wait for their start; 0: no bound.
  std::uint64_t max_scheduled = 100'000;          // Jobs that wait for their time; 0: no bound.
  Bytes schedule_spool{std::uint64_t{10} << 30};  // Of their uploads together; 0: no bound.
  bool local_users = false;  // Whether users without a role may run jobs of their own.
  store::Durability durability = store::Durability::kProcess;
  Duration retention_age = std::chrono::days(30);
  std::uint64_t retention_count = 100'000;
  std::uint64_t default_pids = 4096;           // Of a job that sets no limit; 0: no bound.
  Bytes default_log{std::uint64_t{10} << 30};  // The same.
  std::string admin_group = "warren";
  std::string viewer_group = "warren-viewers";
  std::string gateway_user = "warren-gateway";  // Who may call on behalf of others; empty: nobody.
  FaceCaps warren_face;
  FaceCaps joblet_face{.usual = {.cpu_percent = 100, .memory = Bytes{std::uint64_t{512} << 20}}};
  FaceCaps jobworker_face{.profiles = {model::Profile::kHost}, .networks = {model::Network::kHost}};
  FacePlaces joblet_places;
  FacePlaces jobworker_places;
  std::optional<std::string> cgroup_root;
  std::string pool_kind = "auto";
  friend bool operator==(const Config&, const Config&) = default;
};

// Of a face of the gateway; nothing of the engine's own socket.
[[nodiscard]] const FaceCaps* caps_of(const Config& config, model::Face face) noexcept;

// Fails on a key it does not know, which may be a misspelt defence, and names its line.
[[nodiscard]] Result<Config> parse_config(const std::string& text);

// Reads `path`. Without a path, /etc/warren/warren.yaml where it exists.
[[nodiscard]] Result<Config> load_config(const std::optional<std::filesystem::path>& path);

}  // namespace warren::engine
