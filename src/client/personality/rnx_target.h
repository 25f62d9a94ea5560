// SPDX-License-Identifier: Apache-2.0
//
// Which server `rnx` talks to, and as whom.

#pragma once

#include "base/result.h"
#include "client/personality/rnx_flags.h"
#include "client/remote/nodes.h"

namespace warren::client {

// The node that --node names, else $JOBLET_NODE, else `default`. With --server that address takes
// the place of the node's; $JOBLET_SERVER does unless --node was given.
[[nodiscard]] Result<Target> choose_target(const RnxFlags& flags, const NodesFile& file);

}  // namespace warren::client
