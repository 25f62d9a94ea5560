// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "os/process.h"
#include "plan/init_protocol.h"
#include "plan/launch_plan.h"
#include "provider/provider.h"
#include "rootfs/id_ranges.h"

namespace warren::provider {

// What this program holds of one sandbox. Its fields belong to the thread whose turn it is: the
// preparer and the launcher until init runs, the watcher until it has ended, the cleaner then.
struct LiveSandbox {
  NodeId id;
  NodeId process;
  std::string group;         // Its cgroup: below those of the sandboxes that enclose it.
  std::uint64_t number = 0;  // For the watcher.
  std::optional<rootfs::IdRange> range;  // None in the host profile.
  std::optional<Bytes> disk_limit;
  std::vector<std::uint32_t> cores;  // Bound, to be given back.
  bool has_layer = false;
  plan::LaunchPlan plan;  // For the sentence about a step that fails.

  os::Child init;  // pid 0 where an earlier engine is its parent.
  os::UniqueFd control;
  bool is_watched = false;            // The watcher will call gone() for `control`.
  std::array<os::UniqueFd, 2> pipes;  // Read ends of the command's output.
  os::UniqueFd output_event;          // Guarded by the provider's mutex.

  Done<Started> on_started;  // Empty once it has been called.
  os::UniqueFd input;        // For Started.
  bool has_ended = false;    // The observer knows.
};

}  // namespace warren::provider
