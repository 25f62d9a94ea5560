// SPDX-License-Identifier: Apache-2.0
//
// The keys of warren.yaml: what each is called, and how its text becomes a setting.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/config.h"

namespace warren::engine {

using Values = std::vector<std::string>;

struct Key {
  std::string path;  // "retention.days"
  bool takes_many = false;
  std::function<Result<>(Config&, const Values&)> read{};  // Of one value, unless it takes many.
};

[[nodiscard]] const std::vector<Key>& config_keys();

}  // namespace warren::engine
