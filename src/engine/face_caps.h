// SPDX-License-Identifier: Apache-2.0
//
// What a face may ask for, whoever calls through it: the gateway translates and is not believed to
// have looked. A job that says nothing gets what the face gives; one that asks for more than that
// is refused and never bent.

#pragma once

#include <vector>

#include "base/result.h"
#include "model/identity.h"
#include "model/spec.h"

namespace warren::engine {

struct FaceCaps {
  bool enabled = true;  // Whether anybody may call through it.
  std::vector<model::Profile> profiles{model::Profile::kIsolated};
  std::vector<model::Network> networks{model::Network::kNone};
  model::Limits usual{};  // Of a job that does not say.
  model::Limits most{};   // The same where nothing is usual, and of each job at most.
  friend bool operator==(const FaceCaps&, const FaceCaps&) = default;
};

// Completes what `caller` asks for by the caps of their face, which are absent on the engine's own
// socket. Fails with kPermissionDenied on what the face or the role does not have, with
// kResourceExhausted on more than the face gives.
[[nodiscard]] Result<model::JobSpec> apply_caps(const FaceCaps* caps, const model::Caller& caller,
                                                model::JobSpec spec);

}  // namespace warren::engine
