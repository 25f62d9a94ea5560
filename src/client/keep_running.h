// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "client/signal_source.h"
#include "client/supervise.h"

namespace warren::client {

// Keeps `services` running until a signal asks this program to end, or somebody tells the engine
// to, and then ends them. `note` hears what happens to them meanwhile.
[[nodiscard]] Result<> keep_running(const SignalSource& signals, Services& services,
                                    const std::function<void(const std::string&)>& note);

}  // namespace warren::client
