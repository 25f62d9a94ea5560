// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <boost/asio/steady_timer.hpp>

#include "loop/task.h"

namespace warren::loop {

// A coroutine's wait for something that other code on the same thread announces, again and again.
// Nothing is remembered: who waits has looked first, and looks again. Whoever waits keeps the
// signal's owner alive meanwhile.
class Signal {
 public:
  explicit Signal(const Executor& executor)
      : timer_(executor, boost::asio::steady_timer::time_point::max()) {}

  // Ends with the next notify().
  [[nodiscard]] Task<> wait();
  void notify() { timer_.cancel(); }

 private:
  boost::asio::steady_timer timer_;
};

}  // namespace warren::loop
