// SPDX-License-Identifier: Apache-2.0

#include "os/worker_thread.h"

#include <sched.h>

#include <csignal>
#include <tuple>
#include <utility>

namespace warren::os {

std::jthread start_thread(std::function<void(std::stop_token)> body) {
  // A thread starts with the mask of its creator, so there is no moment without one.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::jthread thread(std::move(body));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

void work_in_background() noexcept {
  const sched_param priority{};  // Must be 0. Where it is forbidden the thread works as before.
  std::ignore = ::sched_setscheduler(0, SCHED_BATCH, &priority);
}

WorkerThread::WorkerThread(std::function<void()> begin)
    : thread_(start_thread([this, begin = std::move(begin)](const std::stop_token&) {
        if (begin) begin();
        run();
      })) {}

void WorkerThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WorkerThread::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void WorkerThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace warren::os
