// SPDX-License-Identifier: Apache-2.0
//
// Forgets what ended long ago: rows, events, keys and output.

#pragma once

#include <cstdint>
#include <vector>

#include "engine/core.h"
#include "engine/task.h"

namespace warren::engine {

class Retention {
 public:
  static constexpr std::uint64_t kEndsBetweenSweeps = 1000;

  explicit Retention(Core& core) : core_(core) {}

  // Sweeps now, then once a day and whenever many nodes have ended. Runs until the loop ends.
  [[nodiscard]] Task<> run();

 private:
  [[nodiscard]] Task<Result<>> sweep();
  [[nodiscard]] Task<Result<>> forget(std::vector<NodeId> nodes);

  Core& core_;
};

}  // namespace warren::engine
