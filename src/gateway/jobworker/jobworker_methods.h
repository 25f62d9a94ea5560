// SPDX-License-Identifier: Apache-2.0
//
// JobWorker's service: its four methods, as calls of the engine.

#pragma once

#include "gateway/methods.h"

namespace warren::gateway {

[[nodiscard]] Methods jobworker_methods();

}  // namespace warren::gateway
