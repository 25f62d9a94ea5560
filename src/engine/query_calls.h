// SPDX-License-Identifier: Apache-2.0
//
// Calls with one answer that change nothing: Get, List, Wait, Doctor.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/calls.h"
#include "engine/core.h"
#include "engine/directory.h"
#include "warren/v1/engine.pb.h"

namespace warren::engine {

// Where this engine lives.
struct EngineFacts {
  std::string version;
  std::filesystem::path state_dir;
  std::filesystem::path runtime_dir;
  std::vector<std::filesystem::path> lost_databases;  // Corrupt, and still beside the new one.
  std::filesystem::path gateway_socket;               // Empty without a gateway's account.
};

class QueryCalls {
 public:
  QueryCalls(Core& core, Directory& directory, EngineFacts facts)
      : core_(core), directory_(directory), facts_(std::move(facts)) {}

  [[nodiscard]] Task<Result<>> get(KnownCall call);
  [[nodiscard]] Task<Result<>> list(KnownCall call);
  [[nodiscard]] Task<Result<>> wait(KnownCall call);
  [[nodiscard]] Task<Result<>> doctor(KnownCall call);

 private:
  [[nodiscard]] Task<Result<v1::Node>> describe(FoundNode found);
  [[nodiscard]] Task<Result<>> send_nodes(CallPtr call, std::vector<model::Node> nodes,
                                          v1::ListRequest::View view);
  // Of a node that has ended since the list was read; false when it is forgotten already.
  [[nodiscard]] Task<Result<bool>> read_again(model::Node& node);
  [[nodiscard]] Task<> add_live_facts(LiveNodePtr live, v1::Node& message);

  Core& core_;
  Directory& directory_;
  EngineFacts facts_;
};

}  // namespace warren::engine
