// SPDX-License-Identifier: Apache-2.0
//
// What several connections have together, those of a client or all: streams that are open, and
// calls that were passed on to the library and that nobody has seen yet. Each of these costs some
// 20 KiB, and while the library is busy reading it shows none of them to anybody. Pure.

#pragma once

#include <cstddef>

#include "gateway/patience.h"

namespace warren::gateway {

class StreamQuota {
 public:
  using Time = Patience::Time;
  struct Bounds {
    std::size_t streams;
    // The library refuses some calls by itself; of those, and of the calls of a connection that has
    // ended, nobody is told, so they come back with time.
    Patience::Measure unseen;
  };

  StreamQuota(const Bounds& bounds, Time now) noexcept
      : most_(bounds.streams), unseen_(bounds.unseen, now) {}

  [[nodiscard]] bool is_full() const noexcept { return streams_ >= most_; }
  void opened() noexcept { ++streams_; }
  void closed(std::size_t streams) noexcept { streams_ -= streams; }

  // Whether one more call may go unseen.
  [[nodiscard]] bool trust(Time now) noexcept { return unseen_.spend(now); }
  void seen(std::size_t calls) noexcept { unseen_.give_back(calls); }

  // Whether it is as if it were new.
  [[nodiscard]] bool is_unused(Time now) noexcept { return streams_ == 0 && unseen_.is_whole(now); }

 private:
  std::size_t most_;
  std::size_t streams_ = 0;
  Patience unseen_;
};

}  // namespace warren::gateway
