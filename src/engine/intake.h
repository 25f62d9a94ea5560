// SPDX-License-Identifier: Apache-2.0
//
// New jobs: checks a specification against the tree and the host, gives the job its ids, and makes
// it durable before anything of it is made.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "engine/core.h"
#include "engine/job.h"
#include "engine/task.h"
#include "model/identity.h"
#include "model/schedule.h"

namespace warren::engine {

struct JobRequest {
  model::Caller caller;
  model::JobSpec spec;
  std::optional<model::Start> start;  // Absent: as soon as its turn comes.
  std::string key;                    // Idempotency key; empty: none.
  std::string fingerprint;            // Of what was asked for.
  provider::Moment received{};
};

struct Accepted {
  NodeId process;
  JobPtr fresh;  // Absent when the key had been used before: then `process` is the first answer.
  std::shared_ptr<Following> following;  // Keeps a fresh job from being forgotten.
};

class Intake {
 public:
  explicit Intake(Core& core) : core_(core) {}

  // What would run: `spec` with the engine's defaults, within the limits of its parent. Fails where
  // the specification itself or this host forbids it.
  [[nodiscard]] Result<model::JobSpec> complete(model::JobSpec spec) const;

  [[nodiscard]] Task<Result<Accepted>> accept(JobRequest request);

 private:
  using Key = std::pair<std::string, std::string>;

  [[nodiscard]] Task<Result<Accepted>> accept_once(const JobRequest& request);
  [[nodiscard]] Task<Result<std::optional<NodeId>>> first_answer(const JobRequest& request);
  [[nodiscard]] Task<Result<Accepted>> create(const JobRequest& request);
  [[nodiscard]] Result<JobPtr> make_job(const JobRequest& request);
  // A job that waits for a time holds neither a place nor a reservation before that.
  [[nodiscard]] Result<> set_aside(Job& job);
  // Undoes make_job() and create() for a job whose rows could not be stored.
  [[nodiscard]] Task<> take_back(JobPtr job);

  Core& core_;
  std::map<Key, std::shared_ptr<Gate>> under_way_;  // Calls with a key that have no answer yet.
};

}  // namespace warren::engine
