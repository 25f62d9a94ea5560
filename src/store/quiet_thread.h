// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <thread>

namespace warren::store {

// Starts a thread that no signal is delivered to: signals are the business of the program's own
// loop.
[[nodiscard]] std::jthread start_quiet_thread(std::function<void(std::stop_token)> body);

}  // namespace warren::store
