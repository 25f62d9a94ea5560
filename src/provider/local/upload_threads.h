// SPDX-License-Identifier: Apache-2.0
//
// Uploads under way. Each waits for its client on a thread of its own, so a slow client holds up
// nobody else; how many there can be is bounded.

#pragma once

#include <list>
#include <mutex>
#include <thread>

#include "provider/provider.h"
#include "rootfs/archive.h"

namespace warren::provider {

class UploadThreads {
 public:
  UploadThreads() = default;
  ~UploadThreads();  // Ends those that are still waiting: to them, the archive is cut short.
  UploadThreads(const UploadThreads&) = delete;
  UploadThreads& operator=(const UploadThreads&) = delete;

  // Unpacks the archive that is written to the returned descriptor below `directory`, as long as
  // its client does not use up the patience of `options`. `done` comes from the upload's thread.
  // Fails with kResourceExhausted when too many are under way.
  [[nodiscard]] Result<os::UniqueFd> begin(os::UniqueFd directory, rootfs::UnpackOptions options,
                                           Done<> done);

 private:
  struct Upload {
    os::UniqueFd archive;  // Our end of a socket pair.
    bool is_over = false;
    std::jthread thread;
  };

  std::mutex mutex_;
  std::list<Upload> uploads_;
};

}  // namespace warren::provider
