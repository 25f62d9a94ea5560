// SPDX-License-Identifier: Apache-2.0
//
// The one thread that writes. What has been queued while a commit was under way becomes the next
// transaction (group commit). It sleeps while there is nothing to write.

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/sqlite.h"

namespace warren::store {

class Writer {
 public:
  using Work = std::move_only_function<Result<>(Database&)>;
  using Done = std::move_only_function<void(Result<>)>;

  explicit Writer(Database database);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  // Commits what is queued, then joins the thread.

  // Queues `work`, which is applied whole or not at all, whatever becomes of its neighbours. `done`
  // runs on the writer's thread once that is decided and durable, in the order of submission.
  void submit(Work work, Done done);

 private:
  struct Item {
    Work work;
    Done done;
    Result<> outcome;
  };

  void run(const std::stop_token& stop);
  void commit(std::vector<Item>& group);
  [[nodiscard]] Result<> apply_all(std::vector<Item>& group);
  [[nodiscard]] Result<> apply_one(Item& item);

  Database database_;  // Only the thread touches it.
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Item> queue_;
  std::jthread thread_;  // Last: it uses everything above.
};

}  // namespace warren::store
