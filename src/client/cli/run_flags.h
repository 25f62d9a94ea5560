// SPDX-License-Identifier: Apache-2.0
//
// The flags of `warren run` as text, and what they ask the engine for. Pure, but for the zone of
// this machine, in which a schedule without one is read.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "client/upload.h"
#include "warren/v1/engine.pb.h"

namespace warren::client::cli {

// Empty: not given.
struct RunFlags {
  std::string name, image, profile, network, workdir, user, priority, idempotency_key;
  std::string max_cpu, max_memory, max_iobps, io_class, cpu_cores, max_pids, max_disk, max_log;
  std::string timeout, schedule, on_client_exit, on_engine_exit;
  std::vector<std::string> env, labels;
  UploadSources uploads;
  bool io_direct_only = false;
  bool detach = false;
  bool forget = false;
  bool plan = false;
};

// Checks each flag by itself; what needs the host or the tree, the engine checks.
[[nodiscard]] Result<v1::RunRequest> make_run_request(const RunFlags& flags,
                                                      const std::vector<std::string>& command);

}  // namespace warren::client::cli
