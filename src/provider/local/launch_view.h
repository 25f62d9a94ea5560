// SPDX-License-Identifier: Apache-2.0
//
// What a thread that launches sandboxes sees of the file system: nothing but what inits attach. A
// clone of a mount namespace copies all its mounts (33 us at 27 of them, milliseconds at
// thousands), and what is not there cannot be reached by a sandbox in the making.
//
//   /layers  the pool          /host/<tree>  the host's trees, as the image names them
//   /pool    for init's use    /mnt          for init's use
//   /empty   an empty file system, read-only, that hides directories of /proc and /sys

#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace warren::provider {

struct LaunchView {
  int pool = -1;                        // A detached mount of the pool; it is attached to the view.
  std::vector<std::string> host_trees;  // Without a leading slash.
  std::string scratch;                  // An existing directory of the host to mount the view on.
};

// Moves the calling thread, and it alone, into a new mount namespace that shows only this.
[[nodiscard]] Result<> enter_launch_view(const LaunchView& view);

}  // namespace warren::provider
