// SPDX-License-Identifier: Apache-2.0
//
// A provider's calls as awaitables of the loop.

#pragma once

#include <vector>

#include "engine/task.h"
#include "provider/provider.h"

namespace warren::engine {

class Sandboxes {
 public:
  explicit Sandboxes(provider::Provider& provider) : provider_(provider) {}

  [[nodiscard]] provider::Provider& provider() const noexcept { return provider_; }

  [[nodiscard]] Task<Result<provider::Started>> start(provider::JobOrder order);
  [[nodiscard]] Task<Result<os::UniqueFd>> take_input(NodeId sandbox);
  void release_input(const NodeId& sandbox) { provider_.release_input(sandbox); }
  [[nodiscard]] Task<Result<>> signal(NodeId sandbox, int number);
  [[nodiscard]] Task<Result<>> kill(NodeId sandbox);
  [[nodiscard]] Task<Result<>> freeze(NodeId sandbox);
  [[nodiscard]] Task<Result<>> thaw(NodeId sandbox);
  [[nodiscard]] Task<Result<>> destroy(NodeId sandbox);
  [[nodiscard]] Task<Result<std::vector<model::Usage>>> usage(std::vector<NodeId> sandboxes);
  [[nodiscard]] Task<Result<>> remove_log(NodeId process);
  [[nodiscard]] Task<Result<std::vector<provider::Provider::Adoption>>> adopt(
      std::vector<provider::Provider::Adoption> sandboxes, provider::Provider::Sweep sweep);
  [[nodiscard]] Task<Result<>> close();

 private:
  provider::Provider& provider_;
};

}  // namespace warren::engine
