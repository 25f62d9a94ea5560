// SPDX-License-Identifier: Apache-2.0
//
// What a new engine does before it accepts calls: compares the rows that an earlier one left behind
// with what has become of them, and finishes, adopts or removes each.

#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/core.h"
#include "engine/supervisor.h"
#include "engine/task.h"

namespace warren::engine {

class Recovery {
 public:
  Recovery(Core& core, Supervisor& supervisor) : core_(core), supervisor_(supervisor) {}

  [[nodiscard]] Task<Result<>> run();

 private:
  using Adoption = provider::Provider::Adoption;

  void plant(store::Loaded loaded);
  [[nodiscard]] JobPtr make_job(const LiveNodePtr& process, const LiveNodePtr& sandbox);
  [[nodiscard]] std::vector<Adoption> claims() const;
  void settle(const JobPtr& job, const Adoption* found);
  void continue_command(const JobPtr& job, const Adoption& found);
  void begin_again(const JobPtr& job);
  [[nodiscard]] Task<> begin_with_input(JobPtr job);
  [[nodiscard]] Task<Result<>> bury_remains();
  [[nodiscard]] Task<> restore_pause(JobPtr job);

  Core& core_;
  Supervisor& supervisor_;
  std::map<NodeId, std::string> footprints_;  // By sandbox.
  std::vector<JobPtr> jobs_;
  std::vector<LiveNodePtr> remains_;  // Sandboxes whose process has ended.
};

}  // namespace warren::engine
