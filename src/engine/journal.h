// SPDX-License-Identifier: Apache-2.0
//
// The one place where nodes change. The state machine decides, memory follows at once, the store
// takes all changes of one turn of the loop as one batch, and whoever waits hears of a change only
// once it is durable.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/clock.h"
#include "engine/node_tree.h"
#include "engine/task.h"
#include "model/node.h"
#include "store/store.h"

namespace warren::engine {

// What a command has used and written, as its end reports it.
struct Measured {
  model::Usage usage;
  Bytes stdout_bytes;
  Bytes stderr_bytes;
  Bytes lost_bytes;
};

struct Change {
  model::Event event;
  Timestamp at;                                // When the command started or ended.
  model::Cause cause = {};                     // kNone keeps what the node has.
  std::optional<std::int32_t> exit_code = {};  // Of a process, where the new state is final.
  std::string message = {};
  std::optional<Measured> measured = {};
};

class Journal {
 public:
  Journal(Executor executor, store::Store& store, NodeTree& tree, const Clock& clock);

  // Makes `batch` durable as it is. Nothing of it has happened when this fails.
  [[nodiscard]] Task<Result<>> submit(store::Batch batch);

  // Moves `node` on, if the state machine lets `change.event` happen to it now; false otherwise.
  // While a node is STOPPING its cause already says why, for an engine that takes over.
  [[nodiscard]] bool apply(const LiveNodePtr& node, Change change);

  // Adds to what this turn of the loop makes durable.
  void also(store::Change change);

  // Waits until everything applied so far is durable. The store's failures are tried again until it
  // works: what has happened on the host cannot be refused.
  [[nodiscard]] Task<> commit();

  // The same, but not for longer than `patience`: whether all of it is durable.
  [[nodiscard]] Task<bool> commit_within(std::chrono::milliseconds patience);

  // A gate that opens when something new has become durable.
  [[nodiscard]] std::shared_ptr<Gate> next_publication();

  // The event that tells of the state in which `node` is.
  [[nodiscard]] static store::NodeEvent event_of(const model::Node& node, Timestamp at);

 private:
  // The changes of one turn of the loop, or of all turns while an older round is being written.
  struct Round {
    std::vector<LiveNodePtr> nodes;
    std::vector<store::NodeEvent> events;
    store::Batch others;
    Gate durable;
  };

  Round& open_round();
  // One round at a time, so that events keep the order in which things happened.
  [[nodiscard]] Task<> write(std::shared_ptr<Round> round, std::shared_ptr<Round> previous);
  [[nodiscard]] static store::Batch batch_of(const Round& round);
  void announce();

  Executor executor_;
  store::Store& store_;
  NodeTree& tree_;
  const Clock& clock_;
  std::shared_ptr<Round> open_;    // Still takes changes.
  std::shared_ptr<Round> newest_;  // Open, or on its way to the disk, or durable.
  std::vector<std::weak_ptr<Gate>> listeners_;
};

}  // namespace warren::engine
