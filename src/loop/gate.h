// SPDX-License-Identifier: Apache-2.0
//
// A gate that opens once and stays open; coroutines of the loop wait before it. Whoever waits keeps
// the gate's owner alive meanwhile.

#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <vector>

#include "loop/task.h"

namespace warren::loop {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return open_; }
  void open();

  [[nodiscard]] Task<> wait();
  // Whether the gate opened within `patience`.
  [[nodiscard]] Task<bool> wait_for(std::chrono::milliseconds patience);
  // Waits until this gate or `other` is open.
  [[nodiscard]] Task<> wait_either(Gate& other);

 private:
  class Waiting;

  bool open_ = false;
  std::vector<boost::asio::steady_timer*> waiting_;
};

}  // namespace warren::loop
