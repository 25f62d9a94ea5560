// SPDX-License-Identifier: Apache-2.0

#include "os/worker_thread.h"

#include <gmock/gmock.h>

#include <csignal>
#include <future>
#include <memory>
#include <vector>

namespace warren::os {
namespace {

using ::testing::ElementsAre;

bool blocks_every_signal() {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const bool can_be_blocked = signal != SIGKILL && signal != SIGSTOP && signal < 32;
    if (can_be_blocked && ::sigismember(&mask, signal) != 1) return false;
  }
  return true;
}

TEST(WorkerThread, RunsTasksInTheirOrder) {
  std::vector<int> seen;
  {
    WorkerThread worker([&seen] { seen.push_back(0); });
    for (const int number : {1, 2, 3}) {
      worker.post([&seen, number] { seen.push_back(number); });
    }
  }
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3));
}

TEST(WorkerThread, RunsWhatIsQueuedBeforeItEnds) {
  std::promise<void> go;
  bool ran = false;
  auto worker = std::make_unique<WorkerThread>();
  worker->post([future = go.get_future()]() mutable { future.wait(); });
  worker->post([&ran] { ran = true; });
  go.set_value();
  worker.reset();
  EXPECT_TRUE(ran);
}

TEST(WorkerThread, RunsNothingOnceItHasFinished) {
  std::vector<int> seen;
  WorkerThread worker;
  worker.post([&seen] { seen.push_back(1); });
  worker.finish();
  EXPECT_THAT(seen, ElementsAre(1));
  worker.post([&seen] { seen.push_back(2); });
  worker.finish();
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST(WorkerThread, TakesTasksFromItsOwnTasks) {
  bool ran = false;
  {
    WorkerThread worker;
    worker.post([&] { worker.post([&ran] { ran = true; }); });
  }
  EXPECT_TRUE(ran);
}

TEST(WorkerThread, BlocksEverySignal) {
  bool blocked = false;
  {
    WorkerThread worker;
    worker.post([&blocked] { blocked = blocks_every_signal(); });
  }
  EXPECT_TRUE(blocked);
}

TEST(StartThread, LeavesTheCallersMaskAlone) {
  ASSERT_FALSE(blocks_every_signal());
  start_thread([](const std::stop_token&) {}).join();
  EXPECT_FALSE(blocks_every_signal());
}

TEST(StartThread, PassesItsStopToken) {
  std::promise<void> stopped;
  std::jthread thread = start_thread([&stopped](const std::stop_token& stop) {
    std::promise<void> asked;
    const std::stop_callback callback(stop, [&asked] { asked.set_value(); });
    asked.get_future().wait();
    stopped.set_value();
  });
  thread.request_stop();
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace warren::os
