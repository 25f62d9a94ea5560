// SPDX-License-Identifier: Apache-2.0
//
// Run and Plan.

#pragma once

#include <string>
#include <vector>

#include "engine/calls.h"
#include "engine/core.h"
#include "engine/directory.h"
#include "engine/intake.h"
#include "engine/supervisor.h"
#include "warren/v1/engine.pb.h"

namespace warren::engine {

class RunCalls {
 public:
  RunCalls(Core& core, Supervisor& supervisor, Directory& directory)
      : core_(core), supervisor_(supervisor), directory_(directory), intake_(core) {}

  [[nodiscard]] Task<Result<>> run(KnownCall call);
  [[nodiscard]] Task<Result<>> plan(KnownCall call);

 private:
  [[nodiscard]] Task<Result<model::JobSpec>> spec_of(v1::Spec message, model::Caller caller);
  [[nodiscard]] Task<Result<>> begin(CallPtr call, JobPtr job, v1::RunRequest request);
  [[nodiscard]] Task<Result<>> attach(CallPtr call, JobPtr job, v1::RunRequest request);
  void end_input(const JobPtr& job);
  [[nodiscard]] Task<Result<>> repeat(KnownCall repeated, NodeId first, v1::RunRequest request);
  [[nodiscard]] Task<Result<>> follow(CallPtr call, LiveNodePtr process);
  [[nodiscard]] Task<Result<Upload>> open_upload(JobPtr job);
  // For a job that waits for its time, the archive is kept as it is.
  [[nodiscard]] Result<Upload> open_spool(const JobPtr& job);
  [[nodiscard]] Task<> keep_upload(JobPtr job, os::UniqueFd pipe,
                                   std::shared_ptr<Upload::Outcome> outcome);
  [[nodiscard]] Task<> receive_upload(JobPtr job, std::shared_ptr<Upload::Outcome> outcome);
  [[nodiscard]] Task<Result<>> begin_with_upload(CallPtr call, JobPtr job, v1::RunRequest request);
  // A client whose job has to wait, though its files are there, learns that before its start.
  [[nodiscard]] Task<Result<>> say_if_waiting(CallPtr call, JobPtr job,
                                              std::shared_ptr<Upload::Outcome> outcome);
  void client_has_left(const JobPtr& job, const model::Caller& caller);

  Core& core_;
  Supervisor& supervisor_;
  Directory& directory_;
  Intake intake_;
};

}  // namespace warren::engine
