// SPDX-License-Identifier: Apache-2.0
//
// Copies the write-ahead log into the database on a thread and a connection of its own, so that no
// commit waits for it. It sleeps until the log has grown.

#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/sqlite.h"

namespace warren::store {

class Checkpointer {
 public:
  explicit Checkpointer(Database database);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer();  // Joins the thread after the checkpoint in hand.

  // After a commit; from any thread.
  void log_has_grown(int pages);

 private:
  void run(const std::stop_token& stop);
  void checkpoint(const std::stop_token& stop);

  Database database_;  // Only the thread touches it.
  std::mutex mutex_;
  std::condition_variable_any wake_;
  bool due_ = false;
  std::jthread thread_;  // Last: it uses everything above.
};

}  // namespace warren::store
