// SPDX-License-Identifier: Apache-2.0
//
// Joblet's services in all generations, as calls of the engine: those of v2.10 and v2.11, which
// share their paths, and the one whose jobs have uuids.

#pragma once

#include "gateway/methods.h"

namespace warren::gateway {

[[nodiscard]] Methods joblet_methods();

}  // namespace warren::gateway
