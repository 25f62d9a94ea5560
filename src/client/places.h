// SPDX-License-Identifier: Apache-2.0
//
// Where an engine listens and keeps its state, from flags, environment and defaults, in this order.

#pragma once

#include <string>

#include "base/result.h"

namespace warren::client {

// What the command line said; empty where it said nothing.
struct PlaceFlags {
  std::string engine;
  std::string config;
  std::string state_dir;
  std::string runtime_dir;
};

struct Places {
  std::string socket;
  std::string config;  // Empty: the engine's default.
  std::string state_dir;
  std::string runtime_dir;

  // Whether an engine with these directories would listen on `socket`.
  [[nodiscard]] bool can_start_engine() const { return socket == runtime_dir + "/engine.sock"; }
};

// Reads WARREN_STATE_DIR and WARREN_RUNTIME_DIR. Relative paths become absolute, because an engine
// has a working directory of its own.
[[nodiscard]] Result<Places> find_places(const PlaceFlags& flags);

}  // namespace warren::client
