// SPDX-License-Identifier: Apache-2.0
//
// What an engine can tell init to do, as it is received: nothing in it has been looked at yet.

#pragma once

#include <cstddef>

#include "plan/init_protocol.h"

namespace warren::init {

// All orders are received into one place.
union Order {
  plan::MessageHead head;
  plan::Start start;
  plan::Signal signal;
  plan::ReleaseInput release_input;
  plan::Dial dial;
  plan::Accept accept;
};

// Whether the `bytes` that were received are one whole order that this init knows. Everything else
// is as good as not there.
[[nodiscard]] bool is_whole(const Order& order, std::size_t bytes) noexcept;

}  // namespace warren::init
