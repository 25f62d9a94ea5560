// SPDX-License-Identifier: Apache-2.0
//
// Threads for blocking work. Signals are never delivered to them. Not for warren-init.

#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace warren::os {

// Starts a thread that blocks every signal.
[[nodiscard]] std::jthread start_thread(std::function<void(std::stop_token)> body);

// sched(7), SCHED_BATCH for the calling thread: it gets its share of the processors, but to be
// woken does not put it before one that runs.
void work_in_background() noexcept;

// One thread that runs tasks in the order in which they came.
class WorkerThread {
 public:
  using Task = std::move_only_function<void()>;

  // `begin` runs on the thread before the first task.
  explicit WorkerThread(std::function<void()> begin = {});
  ~WorkerThread() { finish(); }
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

  void post(Task task);

  // Runs what is queued, and what that queues, then ends the thread. What is posted later never
  // runs.
  void finish();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool ending_ = false;
  std::jthread thread_;  // Last: it uses all of the above.
};

}  // namespace warren::os
