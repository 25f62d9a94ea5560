// SPDX-License-Identifier: Apache-2.0
//
// logs/<process>/: stdout.log, stderr.log, index and record of one process. Opened for writing
// once, before the command starts, and never again by name (security promise S11).

#pragma once

#include <string>
#include <vector>

#include "base/node_id.h"
#include "base/result.h"
#include "os/unique_fd.h"
#include "plan/init_protocol.h"
#include "provider/provider.h"

namespace warren::provider {

// For init: the streams are written at offsets, index and record are appended to.
struct OutputFiles {
  os::UniqueFd stdout_file;
  os::UniqueFd stderr_file;
  os::UniqueFd index;
  os::UniqueFd record;
};

class LogDirectory {
 public:
  // Opens or creates `state_dir`/logs (0700).
  [[nodiscard]] static Result<LogDirectory> open(const std::string& state_dir);

  // Makes the directory of a process with its empty files, and `link` to it unless that is empty.
  // What an attempt before a crash left is reused.
  [[nodiscard]] Result<OutputFiles> create(const NodeId& process,
                                           const std::string& link = {}) const;

  [[nodiscard]] Result<LogFiles> read(const NodeId& process) const;

  // The same files as create() gave, to be read as well, for draining what a dead init could not.
  [[nodiscard]] Result<OutputFiles> reopen(const NodeId& process) const;

  // What init has recorded, oldest first; torn or foreign records are left out. Empty when there is
  // none.
  [[nodiscard]] Result<std::vector<plan::Record>> records(const NodeId& process) const;

  // With the link to it. Succeeds when there is nothing.
  [[nodiscard]] Result<> remove(const NodeId& process) const;

  [[nodiscard]] int fd() const noexcept { return logs_.get(); }

 private:
  LogDirectory(os::UniqueFd logs, std::string path)
      : logs_(std::move(logs)), path_(std::move(path)) {}

  os::UniqueFd logs_;
  std::string path_;
};

}  // namespace warren::provider
