// SPDX-License-Identifier: Apache-2.0
//
// Where the jobs of a face are found by who knows the system that it speaks for.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/node.h"
#include "provider/provider.h"

namespace warren::engine {

struct Config;

// Empty: nowhere but where every job is.
struct FacePlaces {
  std::optional<std::string> output_dir;  // "<output_dir>/<id>" leads to the output.
  std::optional<std::string>
      cgroup_base;  // Below the engine's cgroup; a cgroup for each job in it.
  friend bool operator==(const FacePlaces&, const FacePlaces&) = default;
};

// An absolute path, or nothing.
[[nodiscard]] Result<std::string> parse_output_dir(const std::string& text);
// One word of letters, digits, '-' and '_', or nothing.
[[nodiscard]] Result<std::string> parse_cgroup_base(const std::string& text);

// Whatever the configuration leaves open is as the documents of those systems have it. For the
// engine with the usual state directory alone: others would meet there.
void use_usual_places(Config& config);

[[nodiscard]] provider::JobPlaces places_of(const Config& config, const model::Node& process);

}  // namespace warren::engine
