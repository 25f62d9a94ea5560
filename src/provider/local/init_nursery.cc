// SPDX-License-Identifier: Apache-2.0

#include "provider/local/init_nursery.h"

#include <utility>

namespace warren::provider {

Result<NewbornInit> InitNursery::launch(const Launch& launch) {
  while (!waiting_.empty()) {
    NewbornInit init = std::move(waiting_.front());
    waiting_.pop_front();
    if (give_orders(init, launch)) return init;
    discard(std::move(init));  // Somebody has killed it.
  }
  NewbornInit init = WARREN_TRY(launcher_.bear(place_));
  if (auto given = give_orders(init, launch); !given) {
    discard(std::move(init));
    return std::unexpected(std::move(given.error()));
  }
  return init;
}

std::size_t InitNursery::missing() const {
  return waiting_.size() <= ready_ / 2 ? ready_ - waiting_.size() : 0;
}

void InitNursery::refill() {
  if (waiting_.size() >= ready_) return;
  if (auto born = launcher_.bear(place_)) waiting_.push_back(*std::move(born));
}

void InitNursery::clear() {
  for (NewbornInit& init : waiting_) discard(std::move(init));
  waiting_.clear();
}

}  // namespace warren::provider
