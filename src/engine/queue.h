// SPDX-License-Identifier: Apache-2.0
//
// Who may start next. Pure. Higher priorities go first; within one, owners take turns and each
// owner's jobs keep their order. The job whose turn it is waits for room; nobody overtakes it, so
// that a large job is not starved by small ones.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/node_id.h"
#include "base/result.h"
#include "base/size.h"

namespace warren::engine {

// How much may run at once, and wait. Zero means that there is no bound.
struct Capacity {
  std::uint32_t slots = 0;
  Bytes memory;  // Against the sum of the memory limits of what runs.
  std::uint64_t waiting = 0;
};

struct Ticket {
  NodeId job;
  std::string owner;
  std::int32_t priority = 0;
  Bytes memory;
};

class Queue {
 public:
  explicit Queue(Capacity capacity) : capacity_(capacity) {}

  // Keeps a place for a job that is about to come, until push() or release(). Fails with
  // kResourceExhausted when too many wait or are about to.
  [[nodiscard]] Result<> expect(const NodeId& job);
  // Takes a job whether it was expected or not, such as after a restart.
  void push(Ticket ticket);
  // Counts what runs already, such as after a restart, whatever the capacity.
  void occupy(const Ticket& ticket);

  // The next job that may start, which then occupies its share until release().
  [[nodiscard]] std::optional<NodeId> admit();
  // Gives back the share of a job that was admitted, or forgets one that waits or is expected.
  void release(const NodeId& job);

  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] std::size_t running() const noexcept { return running_.size(); }

 private:
  // Owners in the order of their turns.
  struct Level {
    std::deque<std::string> turns;
    std::map<std::string, std::deque<Ticket>> tickets;
  };
  using Levels = std::map<std::int32_t, Level, std::greater<>>;

  [[nodiscard]] bool has_room_for(const Ticket& ticket) const noexcept;
  Ticket take_first(Levels::iterator level);
  void forget_waiting(const NodeId& job);

  Capacity capacity_;
  Levels levels_;
  std::unordered_set<NodeId> expected_;
  std::unordered_map<NodeId, Bytes> running_;
  Bytes memory_;
  std::size_t waiting_ = 0;
};

}  // namespace warren::engine
