// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>

#include "base/result.h"
#include "client/cli/session.h"
#include "warren/v1/engine.pb.h"

namespace warren::client::cli {

// Gives `show` each reading of a Stats stream; with an interval, again after the engine came back.
[[nodiscard]] Result<> read_stats(const Session& session, const v1::StatsRequest& request,
                                  const std::function<Result<>(const v1::StatsEvent&)>& show);

// The readings as a table for people.
[[nodiscard]] Result<std::string> format_stats(const v1::StatsEvent& event);

}  // namespace warren::client::cli
