// SPDX-License-Identifier: Apache-2.0
//
// Rings at instants of the wall clock, and follows it wherever it is set: one that jumps past an
// instant makes it ring at once, one that is set back makes it wait again. Runs on the loop.

#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/result.h"
#include "engine/clock.h"
#include "engine/task.h"

namespace warren::engine {

class Alarm {
 public:
  using Ring = std::function<void()>;

  // `clock` outlives the alarm.
  Alarm(const Executor& executor, const Clock& clock);

  // Once, before anything is set.
  [[nodiscard]] Result<> open();

  // Calls `ring` at `at`, never from within set(). Of several that are due together the earliest
  // comes first, and of those of one instant the one with the lowest `number`; nothing else may be
  // set for the same two.
  void set(Timestamp at, std::uint64_t number, Ring ring);
  // False when it has rung, or was never set.
  bool cancel(Timestamp at, std::uint64_t number);

  // Rings whatever is due, and waits for the rest: what a turn of the clock makes it do.
  void look();

  [[nodiscard]] std::size_t size() const noexcept { return rings_.size(); }

 private:
  [[nodiscard]] Task<> watch();
  void arm();

  Executor executor_;
  const Clock& clock_;
  boost::asio::posix::stream_descriptor timer_;
  std::map<std::pair<Timestamp, std::uint64_t>, Ring> rings_;
};

}  // namespace warren::engine
