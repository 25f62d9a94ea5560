// SPDX-License-Identifier: Apache-2.0
//
// A provider's calls as awaitables of the loop.

#pragma once

#include <memory>
#include <set>
#include <vector>

#include "engine/task.h"
#include "provider/provider.h"

namespace warren::engine {

// Files on their way into a sandbox.
struct Upload {
  struct Outcome {
    Gate known;
    Result<> result = {};
    Gate passed_on;  // The job has its place in the queue, or has been refused.
  };
  os::UniqueFd archive;              // Takes one tar archive.
  std::shared_ptr<Outcome> outcome;  // Known once the archive is unpacked or refused.
};

class Sandboxes {
 public:
  explicit Sandboxes(provider::Provider& provider) : provider_(provider) {}

  [[nodiscard]] provider::Provider& provider() const noexcept { return provider_; }

  // Fails with kResourceExhausted while too many are under way.
  [[nodiscard]] Task<Result<Upload>> upload(provider::JobOrder order);
  // The same, but waits until one of them is over, unless `given_up` opens first.
  [[nodiscard]] Task<Result<Upload>> upload_in_turn(provider::JobOrder order, Gate& given_up);
  [[nodiscard]] Task<Result<provider::Started>> start(provider::JobOrder order);
  [[nodiscard]] Task<Result<os::UniqueFd>> take_input(NodeId sandbox);
  void release_input(const NodeId& sandbox) { provider_.release_input(sandbox); }
  [[nodiscard]] Task<Result<>> signal(NodeId sandbox, int number);
  [[nodiscard]] Task<Result<>> kill(NodeId sandbox);
  [[nodiscard]] Task<Result<>> freeze(NodeId sandbox);
  [[nodiscard]] Task<Result<>> thaw(NodeId sandbox);
  [[nodiscard]] Task<Result<>> destroy(NodeId sandbox);
  [[nodiscard]] Task<Result<std::vector<model::Usage>>> usage(std::vector<NodeId> sandboxes);
  [[nodiscard]] Task<Result<provider::Whereabouts>> look(NodeId sandbox);
  [[nodiscard]] Task<Result<>> remove_log(NodeId process);
  [[nodiscard]] Task<Result<std::vector<provider::Provider::Adoption>>> adopt(
      std::vector<provider::Provider::Adoption> sandboxes, provider::Provider::Sweep sweep);
  [[nodiscard]] Task<Result<>> close();

 private:
  provider::Provider& provider_;
  std::set<const Upload::Outcome*> under_way_;
  std::shared_ptr<Gate> next_over_ = std::make_shared<Gate>();  // Opens when one of them is over.
};

}  // namespace warren::engine
