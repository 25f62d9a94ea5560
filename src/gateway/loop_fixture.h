// SPDX-License-Identifier: Apache-2.0
//
// For tests of what runs on the gateway's loop: the test is the one thread that runs it.

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <utility>

#include "loop/task.h"

namespace warren::gateway {

class LoopFixture {
 public:
  // Begins `task`; it advances while the loop runs.
  template <typename T>
  [[nodiscard]] std::future<T> start(loop::Task<T> task) {
    return boost::asio::co_spawn(io_, std::move(task), boost::asio::use_future);
  }
  // Runs the loop until `done`.
  template <typename T>
  T finish(std::future<T> done) {
    run_until([&] { return done.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
    return done.get();
  }
  template <typename T>
  T run(loop::Task<T> task) {
    return finish(start(std::move(task)));
  }
  // Runs the loop until `condition` holds.
  template <typename Condition>
  void run_until(Condition condition) {
    io_.restart();
    while (!condition()) io_.run_one();
  }
  // All that can be done now.
  void run_what_is_ready() {
    io_.restart();
    io_.poll();
  }

  [[nodiscard]] boost::asio::io_context& io() noexcept { return io_; }

 private:
  boost::asio::io_context io_{1};
};

}  // namespace warren::gateway
