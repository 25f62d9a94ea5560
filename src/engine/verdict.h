// SPDX-License-Identifier: Apache-2.0
//
// How the end of a command is called. Pure: the table of causes as code.

#pragma once

#include "base/duration.h"
#include "base/result.h"
#include "engine/journal.h"
#include "model/node.h"
#include "provider/provider.h"

namespace warren::engine {

// The end of `process`, whose command ended as `how` says. What the engine had decided before (a
// stop, a time-out) is the cause, whatever the command then did; else it is what happened to it.
[[nodiscard]] Change judge(const model::Node& process, const provider::Ended& how);

// A start that failed, as the end of a command that never ran. Its stage is the first word of
// `why`.
[[nodiscard]] provider::Ended failed_start(const NodeId& process, const Error& why, Timestamp at);

// The end of a process of which nothing was ever made.
[[nodiscard]] Change end_unstarted(model::Event event, model::Cause cause, Timestamp at);

}  // namespace warren::engine
