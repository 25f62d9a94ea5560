// SPDX-License-Identifier: Apache-2.0
//
// Inits that were born ahead: until its plan comes one is like the other, and to clone and execute
// it takes a tenth of a start. Used on one thread, that of the launches.

#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "provider/local/init_launcher.h"

namespace warren::provider {

class InitNursery {
 public:
  // Keeps up to `ready` of them, born at `place`, whose cgroup stays the caller's.
  InitNursery(InitLauncher launcher, const Birthplace& place, std::size_t ready)
      : launcher_(std::move(launcher)), place_(place), ready_(ready) {}
  ~InitNursery() { clear(); }
  InitNursery(InitNursery&&) noexcept = default;
  InitNursery& operator=(InitNursery&&) = delete;

  // Hands `launch` to one that waits or, where none is alive, to one born now.
  [[nodiscard]] Result<NewbornInit> launch(const Launch& launch);

  // How many it lacks once half of them are gone; before that none. In batches: bearing one takes a
  // processor from the start that has just claimed one.
  [[nodiscard]] std::size_t missing() const;

  // Bears one where there is room. What fails here fails again, and is told, when one is needed.
  void refill();

  // Ends those that wait.
  void clear();

 private:
  InitLauncher launcher_;
  Birthplace place_;
  std::size_t ready_;
  std::deque<NewbornInit> waiting_;  // The eldest first.
};

}  // namespace warren::provider
