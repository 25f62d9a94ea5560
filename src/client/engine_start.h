// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/child.h"
#include "client/places.h"

namespace warren::client {

// The arguments that give an engine its places.
[[nodiscard]] std::vector<std::string> engine_arguments(const Places& places);

// Starts an engine and returns once it can be called. Fails with kAlreadyExists when another engine
// holds one of these directories. One that ends with us logs where we do, if that is the journal
// of systemd.
[[nodiscard]] Result<Child> start_engine(const Places& places, EndsWithUs ends_with_us);

}  // namespace warren::client
