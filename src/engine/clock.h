// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <chrono>
#include <functional>

#include "base/duration.h"

namespace warren::engine {

// The wall clock, which deadlines and records follow. An engine asks the one that its options name.
using Clock = std::function<Timestamp()>;

// That of the machine.
[[nodiscard]] inline Timestamp now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace warren::engine
