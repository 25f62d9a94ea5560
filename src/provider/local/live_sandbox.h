// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <array>
#include <cstdint>
#include <map>
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

// What is known of the write end that init holds of a command's standard input.
enum class Input : std::uint8_t { kUnknown, kHeld, kNone };

// What this program holds of one sandbox. Its fields belong to the thread whose turn it is: the
// preparer and the launcher until init runs, the watcher until it has ended, the cleaner then.
struct LiveSandbox {
  NodeId id;
  NodeId process;
  std::string group;                     // Its cgroup.
  std::uint64_t number = 0;              // For the watcher.
  std::optional<rootfs::IdRange> range;  // None in the host profile.
  std::optional<Bytes> disk_limit;
  Bytes log_limit;                   // 0: none.
  std::vector<std::uint32_t> cores;  // Bound, to be given back.
  bool has_layer = false;
  plan::LaunchPlan plan;  // Until it has started: for the sentence about a step that fails.

  os::Child init;  // pid 0 where an earlier engine is its parent.
  os::UniqueFd control;
  bool is_watched = false;            // The watcher will call gone() for `control`.
  std::array<os::UniqueFd, 2> pipes;  // Read ends of the command's output.

  // Guarded by the provider's mutex.
  pid_t command = 0;  // As init counts; 0 until it has told.
  os::UniqueFd output_event;
  Input input = Input::kUnknown;
  os::UniqueFd input_end;       // Of an adopted one, until it is taken or released.
  Done<os::UniqueFd> on_input;  // Who waits for it.
  std::map<std::uint32_t, Done<os::UniqueFd>> dials;  // By their numbers.

  StartStages stages;        // Those of this program; init tells of its own.
  Done<Started> on_started;  // Empty once it has been called.
  bool has_ended = false;    // The observer knows.
};

// Whether its cgroup has a name that the engine chose for people.
[[nodiscard]] inline bool is_placed(const LiveSandbox& sandbox) {
  return !sandbox.group.ends_with(sandbox.id.to_text());
}

// What stands between the cores and the owner in the note of a cgroup that is placed.
inline constexpr char kOwner = ' ';

}  // namespace warren::provider
