// SPDX-License-Identifier: Apache-2.0
//
// Calls that change what exists: Stop, Signal, Pause, Resume, Delete.

#pragma once

#include <string>

#include "engine/calls.h"
#include "engine/core.h"
#include "engine/directory.h"
#include "engine/supervisor.h"
#include "warren/v1/engine.pb.h"

namespace warren::engine {

class ControlCalls {
 public:
  ControlCalls(Core& core, Supervisor& supervisor, Directory& directory)
      : core_(core), supervisor_(supervisor), directory_(directory) {}

  [[nodiscard]] Task<Result<>> stop(KnownCall call);
  [[nodiscard]] Task<Result<>> signal(KnownCall call);
  [[nodiscard]] Task<Result<>> pause(KnownCall call);
  [[nodiscard]] Task<Result<>> resume(KnownCall call);
  [[nodiscard]] Task<Result<>> remove(KnownCall call);

 private:
  // The job whose process `name` is, while it lives.
  [[nodiscard]] Task<Result<JobPtr>> find_job(std::string name, model::Caller caller,
                                              model::Method method);
  [[nodiscard]] Task<Result<JobPtr>> find_requested(KnownCall call, model::Method method);
  [[nodiscard]] static Task<> settle(KnownCall call, JobPtr job);
  [[nodiscard]] Result<> change_both(const JobPtr& job, model::Event event);
  [[nodiscard]] Task<Result<>> wait_for_sandbox(model::Node process);

  Core& core_;
  Supervisor& supervisor_;
  Directory& directory_;
};

}  // namespace warren::engine
