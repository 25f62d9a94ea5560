// SPDX-License-Identifier: Apache-2.0
//
// Where the time of a start goes.

#pragma once

#include <chrono>

namespace warren::provider {

// By CLOCK_MONOTONIC, which engine, init and clients of one machine read alike.
using Moment = std::chrono::steady_clock::time_point;

[[nodiscard]] inline Moment this_moment() {
  return std::chrono::steady_clock::now();
}

// When a provider was done with each stage of a start, in their order.
struct StartStages {
  Moment taken{};      // One of its threads had turned to the order.
  Moment prepared{};   // There were log, cgroup, layer, namespaces and plan.
  Moment launching{};  // The thread that clones had turned to it.
  Moment cloning{};    // All that init needs was there.
  Moment began{};      // Init, cloned and executed ahead or now, had its orders.
  Moment built{};      // There was a sandbox.
  Moment spawned{};    // The command ran.
  Moment known{};      // The provider had heard of it.
};

}  // namespace warren::provider
