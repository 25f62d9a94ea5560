// SPDX-License-Identifier: Apache-2.0
//
// The second half of a plan: how a command is started in a sandbox that stands.

#pragma once

#include <vector>

#include "plan/accounts.h"
#include "plan/compile.h"

namespace warren::plan {

[[nodiscard]] std::vector<Step> start_command(const model::JobSpec& spec, const Account& account,
                                              const Image& image, const Resources& resources);

}  // namespace warren::plan
