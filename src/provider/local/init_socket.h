// SPDX-License-Identifier: Apache-2.0
//
// The sockets at which later engines find inits: <runtime_dir>/init/<sandbox>.sock, in a 0700
// directory. Bound by the engine before init exists, so init needs no path and no directory.

#pragma once

#include <string>
#include <vector>

#include "base/node_id.h"
#include "base/result.h"
#include "os/unique_fd.h"

namespace warren::provider {

class InitSockets {
 public:
  [[nodiscard]] static Result<InitSockets> open(const std::string& runtime_dir);

  // A listening socket of type SOCK_SEQPACKET. What an attempt before a crash left is replaced.
  [[nodiscard]] Result<os::UniqueFd> listen(const NodeId& sandbox) const;

  // Fails with kNotFound when no init listens.
  [[nodiscard]] Result<os::UniqueFd> connect(const NodeId& sandbox) const;

  void remove(const NodeId& sandbox) const;
  [[nodiscard]] std::vector<NodeId> list() const;

  // Removes the directory, which must be empty.
  void close() const;

 private:
  InitSockets(std::string path, os::UniqueFd directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  std::string path_;
  os::UniqueFd directory_;
};

}  // namespace warren::provider
