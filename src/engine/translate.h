// SPDX-License-Identifier: Apache-2.0
//
// The messages of the native API against the engine's nouns, and nothing else.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/job.h"
#include "model/node.h"
#include "model/schedule.h"
#include "provider/provider.h"
#include "store/store.h"
#include "warren/v1/engine.pb.h"

namespace warren::engine {

// All but the parent, which has to be looked up. Unchecked: model::validate() does that.
[[nodiscard]] Result<model::JobSpec> from_proto(const v1::Spec& message);
// When it is to start, where it says so.
[[nodiscard]] Result<std::optional<model::Start>> start_from_proto(const v1::Spec& message);
[[nodiscard]] Result<store::Query> from_proto(const v1::ListRequest& message);
[[nodiscard]] Farewell from_proto(const v1::StopRequest& message);

[[nodiscard]] v1::Limits to_proto(const model::Limits& limits);
[[nodiscard]] v1::Usage to_proto(const model::Usage& usage);
[[nodiscard]] v1::Node to_proto(const model::Node& node);
// The same with `spec` for the node's own, which may be empty then.
[[nodiscard]] v1::Node to_proto(const model::Node& node, const model::JobSpec& spec,
                                v1::ListRequest::View view);
void add_whereabouts(const provider::Whereabouts& where, v1::Node& message);
// Of a start whose provider has told of its stages.
[[nodiscard]] v1::StartStages to_proto(const StartTimes& times);
[[nodiscard]] v1::NodeEvent to_proto(const store::NodeEvent& event);
[[nodiscard]] v1::DoctorReply::Check to_proto(const provider::Check& check);

// What makes two requests the same: 128 bits of FNV-1a over the deterministic serialization, so
// that secrets of an environment are not kept with the key.
[[nodiscard]] std::string fingerprint(const v1::Spec& message);

}  // namespace warren::engine
