// SPDX-License-Identifier: Apache-2.0
//
// The image `host`: a skeleton of this machine's root with a generated /etc and empty mount points.
// The machine's programs are not copied; the sandbox binds the directories named here, read-only.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rootfs/layer_pool.h"

namespace warren::rootfs {

struct HostImage {
  // The lower layer, below the root of the pool: "images/host/<version>". It never changes.
  std::string path;
  std::vector<std::string> binds;  // Without a leading slash: "usr", or also "bin", "lib", ...
};

// Builds the skeleton of the machine whose root is `host_root` in a pool of that kind, or finds the
// one that was built before when nothing has changed since. It appears complete or not at all.
// Versions that no sandbox can use any more are removed.
[[nodiscard]] Result<HostImage> refresh_host_image(int pool_root, PoolKind kind,
                                                   const std::string& host_root = "/");

}  // namespace warren::rootfs
