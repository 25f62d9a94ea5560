// SPDX-License-Identifier: Apache-2.0
//
// One node of the tree, as the store keeps it and as `warren status` shows it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/duration.h"
#include "base/node_id.h"
#include "model/cause.h"
#include "model/identity.h"
#include "model/spec.h"
#include "model/state.h"
#include "model/usage.h"

namespace warren::model {

// Sandboxes use `spec.sandbox`; processes use the whole of it. A job's sandbox is a child of its
// process (it was made for it and goes with it), and the process names it in `sandbox`.
struct Node {
  NodeId id;
  std::uint64_t seq = 0;  // Of jobs: a decimal never used again. 0: none.
  Kind kind = Kind::kProcess;
  std::optional<NodeId> parent;   // Absent: the root.
  std::optional<NodeId> sandbox;  // Where a process runs.
  Principal owner;                // Who created it.
  Face face = Face::kLocal;       // Through which it came.
  JobSpec spec;

  State state = State::kCreated;
  Cause cause;
  std::optional<std::int32_t> exit_code;  // As `warren run` would exit; absent while alive.
  std::string message;                    // For people: why it failed, or that it was late.
  Usage usage;
  Bytes stdout_bytes;  // Kept on disk at the end.
  Bytes stderr_bytes;
  Bytes lost_bytes;  // Written by the command and not kept.

  Timestamp created_at{};
  std::optional<Timestamp> scheduled_at;
  Duration late{};  // So long after `scheduled_at` it was queued.
  std::optional<Timestamp> started_at;
  std::optional<Timestamp> ended_at;

  friend bool operator==(const Node&, const Node&) = default;
};

}  // namespace warren::model
