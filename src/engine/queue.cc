// SPDX-License-Identifier: Apache-2.0

#include "engine/queue.h"

#include <algorithm>
#include <utility>

namespace warren::engine {

Result<> Queue::expect(const NodeId& job) {
  if (capacity_.waiting != 0 && waiting_ + expected_.size() >= capacity_.waiting) {
    return fail(Errc::kResourceExhausted, "{} jobs wait already: that is max_queued",
                waiting_ + expected_.size());
  }
  expected_.insert(job);
  return {};
}

void Queue::push(Ticket ticket) {
  expected_.erase(ticket.job);
  Level& level = levels_[ticket.priority];
  std::deque<Ticket>& own = level.tickets[ticket.owner];
  if (own.empty()) level.turns.push_back(ticket.owner);
  own.push_back(std::move(ticket));
  ++waiting_;
}

void Queue::occupy(const Ticket& ticket) {
  if (running_.emplace(ticket.job, ticket.memory).second) memory_.value += ticket.memory.value;
}

std::optional<NodeId> Queue::admit() {
  const auto level = levels_.begin();
  if (level == levels_.end()) return std::nullopt;
  if (!has_room_for(level->second.tickets[level->second.turns.front()].front())) {
    return std::nullopt;
  }
  const Ticket ticket = take_first(level);
  occupy(ticket);
  return ticket.job;
}

void Queue::release(const NodeId& job) {
  if (expected_.erase(job) > 0) return;
  const auto running = running_.find(job);
  if (running == running_.end()) return forget_waiting(job);
  memory_.value -= running->second.value;
  running_.erase(running);
}

bool Queue::has_room_for(const Ticket& ticket) const noexcept {
  if (running_.empty()) return true;  // Else a job larger than the capacity would wait for ever.
  if (capacity_.slots != 0 && running_.size() >= capacity_.slots) return false;
  return capacity_.memory.value == 0 ||
         memory_.value + ticket.memory.value <= capacity_.memory.value;
}

Ticket Queue::take_first(Levels::iterator level) {
  Level& all = level->second;
  std::string owner = std::move(all.turns.front());
  all.turns.pop_front();
  const auto own = all.tickets.find(owner);
  Ticket ticket = std::move(own->second.front());
  own->second.pop_front();
  --waiting_;
  if (own->second.empty()) {
    all.tickets.erase(own);
  } else {
    all.turns.push_back(std::move(owner));
  }
  if (all.turns.empty()) levels_.erase(level);
  return ticket;
}

void Queue::forget_waiting(const NodeId& job) {
  for (auto level = levels_.begin(); level != levels_.end(); ++level) {
    for (auto& [owner, own] : level->second.tickets) {
      const auto found = std::ranges::find(own, job, &Ticket::job);
      if (found == own.end()) continue;
      own.erase(found);
      --waiting_;
      if (!own.empty()) return;
      std::erase(level->second.turns, owner);
      level->second.tickets.erase(std::string(owner));
      if (level->second.turns.empty()) levels_.erase(level);
      return;
    }
  }
}

}  // namespace warren::engine
