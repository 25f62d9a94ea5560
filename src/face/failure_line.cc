// SPDX-License-Identifier: Apache-2.0

#include "face/failure_line.h"

#include <fmt/format.h>

#include "model/state.h"

namespace warren::face {

std::string failure_line(const v1::Node& node) {
  const auto state = model::parse_state(node.state());
  if (!state || *state != model::State::kFailed || node.started_at() != 0) return "";
  return fmt::format("Job could not be started: {}\n",
                     node.message().empty() ? node.cause() : node.message());
}

}  // namespace warren::face
