// SPDX-License-Identifier: Apache-2.0
//
// What clients have uploaded for jobs that wait for their time: one archive each, on disk until the
// job starts. Runs on the loop; what touches the disk has a thread of its own.

#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/node_id.h"
#include "base/result.h"
#include "base/size.h"
#include "engine/task.h"
#include "os/unique_fd.h"
#include "provider/provider.h"
#include "store/store.h"

namespace warren::engine {

class UploadSpool {
 public:
  static constexpr std::chrono::milliseconds kPatience{60'000};

  // `most` bounds all archives together; zero: nothing does. Whoever writes an archive, or reads
  // one, has `patience` at the most, as base/pace.h counts it.
  UploadSpool(Bytes most, store::Durability durability,
              std::chrono::milliseconds patience = kPatience)
      : most_(most), durability_(durability), patience_(patience) {}

  // Once, before anything else. Makes `directory` where it is missing.
  [[nodiscard]] Result<> open(std::filesystem::path directory);

  // Takes over what an earlier engine has kept whole for one of `jobs`, and removes the rest unless
  // the rest may belong to jobs that nobody knows of any more.
  [[nodiscard]] Task<> take_over(std::set<NodeId> jobs, provider::Provider::Sweep sweep);

  // Keeps what comes out of `pipe` as the archive of `job`. It is whole and has its name when this
  // succeeds; else nothing of it is left.
  [[nodiscard]] Task<Result<>> receive(NodeId job, os::UniqueFd pipe);

  // Whether there is a whole archive of `job`.
  [[nodiscard]] bool has(const NodeId& job) const;

  // Writes the archive of `job` to `socket`. Whoever reads it may stop before its end.
  [[nodiscard]] Task<Result<>> send(NodeId job, os::UniqueFd socket);

  // Nothing happens where there is no whole archive of `job`.
  [[nodiscard]] Task<> remove(NodeId job);

 private:
  struct Archive {
    Bytes size;
    bool is_whole = false;
  };

  [[nodiscard]] Task<Result<>> receive_all(NodeId job, os::UniqueFd pipe);
  [[nodiscard]] Task<Result<>> finish(NodeId job, int file);
  [[nodiscard]] Result<> count(const NodeId& job, std::size_t bytes);
  void forget(const NodeId& job);
  [[nodiscard]] std::string name_of(const NodeId& job) const;

  Bytes most_;
  store::Durability durability_;
  std::chrono::milliseconds patience_;
  std::filesystem::path directory_;
  std::map<NodeId, Archive> archives_;
  Bytes used_;
  std::size_t receiving_ = 0;
  BlockingPool thread_{1};
};

}  // namespace warren::engine
