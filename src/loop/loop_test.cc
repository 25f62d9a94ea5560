// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "loop/await_done.h"
#include "loop/blocking_pool.h"
#include "loop/gate.h"
#include "loop/signal.h"
#include "loop/task.h"

namespace warren::loop {
namespace {

class LoopTest : public ::testing::Test {
 protected:
  // Runs the loop until nothing is left to do.
  template <typename T>
  T run(Task<T> task) {
    auto done = boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
    io_.restart();
    io_.run();
    return done.get();
  }
  [[nodiscard]] Executor executor() { return io_.get_executor(); }

  Task<> note(std::string what) {
    notes_.push_back(std::move(what));
    co_return;
  }
  static Task<> run_out_of_memory() {
    throw std::bad_alloc();
    co_return;
  }
  Task<> wait_before(Gate& gate) {
    co_await gate.wait();
    notes_.emplace_back("through");
  }
  Task<> wait_before_either(Gate& one, Gate& other) {
    co_await one.wait_either(other);
    notes_.emplace_back("through");
  }
  Task<> wait_for(Signal& signal, const int& value) {
    while (value < 2) co_await signal.wait();
    notes_.emplace_back("two");
  }

  boost::asio::io_context io_{1};
  std::vector<std::string> notes_;
};

TEST_F(LoopTest, BeginsASpawnedTaskAfterItsCallerHasGoneOn) {
  spawn(executor(), note("spawned"));
  notes_.emplace_back("went on");
  io_.run();
  EXPECT_EQ(notes_, (std::vector<std::string>{"went on", "spawned"}));
}

TEST_F(LoopTest, BeginsATaskAtOnceForACallerOnTheLoop) {
  boost::asio::post(io_, [this] {
    spawn_at_once(executor(), note("spawned"));
    notes_.emplace_back("went on");
  });
  io_.run();
  EXPECT_EQ(notes_, (std::vector<std::string>{"spawned", "went on"}));
}

TEST_F(LoopTest, HidesNoExceptionOfWhatNobodyWaitsFor) {
  for (const auto begin : {spawn, spawn_at_once}) {
    io_.restart();
    begin(executor(), run_out_of_memory());
    EXPECT_THROW(io_.run(), std::bad_alloc);
  }
}

TEST_F(LoopTest, LetsEverybodyThroughAGateOnceItIsOpen) {
  Gate gate;
  spawn(executor(), wait_before(gate));
  spawn(executor(), wait_before(gate));
  io_.poll();
  EXPECT_TRUE(notes_.empty());
  gate.open();
  io_.run();
  EXPECT_EQ(notes_.size(), 2U);
  run(gate.wait());
}

TEST_F(LoopTest, WaitsBeforeTwoGatesForOneOfThem) {
  Gate one;
  Gate other;
  spawn(executor(), wait_before_either(one, other));
  io_.poll();
  EXPECT_TRUE(notes_.empty());
  other.open();
  io_.run();
  EXPECT_EQ(notes_.size(), 1U);
}

TEST_F(LoopTest, GivesUpWaitingBeforeAGateThatStaysShut) {
  Gate gate;
  EXPECT_FALSE(run(gate.wait_for(std::chrono::milliseconds(1))));
  gate.open();
  EXPECT_TRUE(run(gate.wait_for(std::chrono::hours(1))));
}

TEST_F(LoopTest, LooksAgainWithEachSignal) {
  Signal signal(executor());
  int value = 0;
  spawn(executor(), wait_for(signal, value));
  io_.poll();
  for (value = 1; value <= 2; ++value) {
    EXPECT_TRUE(notes_.empty());
    signal.notify();
    io_.poll();
  }
  EXPECT_EQ(notes_, std::vector<std::string>{"two"});
}

TEST_F(LoopTest, ResumesOnTheLoopWithWhatAnotherThreadReports) {
  std::jthread other;
  auto start = [&other](std::move_only_function<void(std::string)> done) {
    other = std::jthread([done = std::move(done)]() mutable { done("reported"); });
  };
  EXPECT_EQ(run(await_done<std::string>(std::move(start))), "reported");
}

TEST_F(LoopTest, RunsWhatBlocksOnAnotherThread) {
  BlockingPool pool(1);
  auto work = [] { return std::this_thread::get_id(); };
  EXPECT_NE(run(pool.run(std::move(work))), std::this_thread::get_id());
}

}  // namespace
}  // namespace warren::loop
