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
  // Where a database was lost, nobody knows what is whose: then nothing is swept.
  Recovery(Core& core, Supervisor& supervisor, provider::Provider::Sweep sweep)
      : core_(core), supervisor_(supervisor), sweep_(sweep) {}

  [[nodiscard]] Task<Result<>> run();

 private:
  using Adoption = provider::Provider::Adoption;

  void plant(store::Loaded loaded);
  [[nodiscard]] JobPtr make_job(const LiveNodePtr& process, const LiveNodePtr& sandbox);
  [[nodiscard]] std::vector<Adoption> claims() const;
  [[nodiscard]] Task<> take_over_uploads();
  void settle(const JobPtr& job, const Adoption* found);
  void continue_command(const JobPtr& job, const Adoption& found);
  void begin_again(const JobPtr& job);
  void note_lateness(const JobPtr& job) const;
  [[nodiscard]] Task<> keep_input(JobPtr job);
  [[nodiscard]] Task<> begin_with_input(JobPtr job);
  [[nodiscard]] Task<> await_client(JobPtr job);
  [[nodiscard]] Task<Result<>> bury_remains();
  [[nodiscard]] Task<> restore_pause(JobPtr job);

  Core& core_;
  Supervisor& supervisor_;
  provider::Provider::Sweep sweep_;
  std::map<NodeId, std::string> footprints_;  // By sandbox.
  std::vector<JobPtr> jobs_;
  std::vector<JobPtr> unbegun_;       // Of these nothing has run.
  std::vector<LiveNodePtr> remains_;  // Sandboxes whose process has ended.
};

}  // namespace warren::engine
