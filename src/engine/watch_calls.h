// SPDX-License-Identifier: Apache-2.0
//
// Calls that follow what goes on: Log, Events, Stats.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/calls.h"
#include "engine/core.h"
#include "engine/directory.h"
#include "warren/v1/engine.pb.h"

namespace warren::engine {

class WatchCalls {
 public:
  WatchCalls(Core& core, Directory& directory) : core_(core), directory_(directory) {}

  [[nodiscard]] Task<Result<>> log(KnownCall call);
  [[nodiscard]] Task<Result<>> events(KnownCall call);
  [[nodiscard]] Task<Result<>> stats(KnownCall call);

 private:
  // Whose events a call wants.
  struct Filter {
    model::Caller caller;
    std::optional<NodeId> node;
  };

  [[nodiscard]] Task<Result<>> send_output(CallPtr call, NodeId process);
  [[nodiscard]] Task<Result<>> send_sizes(CallPtr call, model::Node process);
  [[nodiscard]] Task<Result<std::uint64_t>> send_page(CallPtr call, const Filter& filter,
                                                      std::uint64_t after);
  [[nodiscard]] Task<bool> wants(const Filter& filter, NodeId node);
  [[nodiscard]] Task<Result<v1::StatsEvent>> read_stats(const std::vector<FoundNode>& nodes);
  [[nodiscard]] std::vector<FoundNode> running_nodes(const model::Caller& caller) const;
  [[nodiscard]] Task<Result<std::vector<FoundNode>>> named_nodes(const v1::StatsRequest& request,
                                                                 model::Caller caller);

  Core& core_;
  Directory& directory_;
};

}  // namespace warren::engine
