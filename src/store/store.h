// SPDX-License-Identifier: Apache-2.0
//
// The engine's state on disk, in SQLite. Changes are queued to one writer thread, which commits all
// that have come in as one transaction (group commit) in the order they were queued; reads go
// through a connection of their own and block, so the engine's loop calls them only on a worker
// thread. Nothing that has been reported as done is lost by the death of any process.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "model/node.h"

namespace warren::store {

// kProcess survives the death of every process; kPower survives power loss as well
// (synchronous=FULL).
enum class Durability : std::uint8_t { kProcess, kPower };

// What the engine knows about the things it has made on the host for a sandbox. Written before any
// of it is made, so that recovery finds what a crash has left behind. Opaque to the store.
struct Footprint {
  NodeId sandbox;
  std::string record;  // As provider::encode() wrote it.
  friend bool operator==(const Footprint&, const Footprint&) = default;
};

struct NodeEvent {
  // Rising, never used again: the engine counts on from Loaded::next_event. 0 when submitted: the
  // store gives the next one.
  std::uint64_t number = 0;
  Timestamp at;
  NodeId node;
  std::uint64_t seq = 0;
  model::State state = model::State::kCreated;
  model::Cause cause;
  friend bool operator==(const NodeEvent&, const NodeEvent&) = default;
};

// The first answer to a call with an idempotency key. A key belongs to its caller.
struct KeyRecord {
  std::string owner;
  std::string key;
  std::string fingerprint;  // Of the request; another one under the same key is an error.
  NodeId node;
  Timestamp at;
  friend bool operator==(const KeyRecord&, const KeyRecord&) = default;
};

// Single changes; a batch of them is applied whole or not at all.
struct InsertNode {
  model::Node node;
};
struct UpdateNode {
  model::Node node;
};  // All but id, seq, spec, owner and created_at; one that is not there is no failure.
struct DeleteNode {
  NodeId id;
};  // With its labels and footprint; one that is not there is no failure. Its keys stay until
    // prune(), so that a repeated call is not taken for a new one.
struct PutFootprint {
  Footprint footprint;
};
struct DeleteFootprint {
  NodeId sandbox;
};
struct PutKey {
  KeyRecord key;
};
struct PutEvent {
  NodeEvent event;
};
using Change = std::variant<InsertNode, UpdateNode, DeleteNode, PutFootprint, DeleteFootprint,
                            PutKey, PutEvent>;
using Batch = std::vector<Change>;

struct Query {
  std::vector<model::State> states;           // Empty: all.
  std::map<std::string, std::string> labels;  // All must match.
  std::optional<model::Principal> owner;      // Only this owner's.
  std::optional<model::Face> face;            // Only what came through it.
  std::optional<NodeId> parent;
  bool sandboxes_of_jobs = false;  // Also sandboxes that were made for a process.
  bool specs_of_live = true;       // False: empty, for a reader that has them already.
  std::uint32_t limit = 0;         // 0: all. The newest come first.
  std::uint64_t below = 0;         // Page::next of the page before, 0 for the first one.
  std::size_t most_bytes = 0;      // Of specifications: a page ends with the one that reaches it.
                                   // 0: all.
};

struct Page {
  std::vector<model::Node> nodes;
  std::optional<std::uint64_t> next;  // Absent when nothing follows.
};

// What a new engine starts from.
struct Loaded {
  std::vector<model::Node> live;  // Every node that is not in a final state.
  std::vector<Footprint> footprints;
  std::uint64_t next_seq = 1;
  std::uint64_t next_event = 1;
};

class Store {
 public:
  // Opens or creates `directory`/state.db (0600) and brings an older schema up to date, after a
  // copy of the old file beside it. Fails with kFailedPrecondition on a schema newer than this
  // program's, which is left untouched. A corrupt file is set aside as state.db.corrupt-<time>,
  // never deleted, and a new one is begun; `set_aside` then says so.
  struct Opened;
  [[nodiscard]] static Result<Opened> open(const std::filesystem::path& directory,
                                           Durability durability);

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  // Commits what is queued, then joins the writer.

  // Queues `batch`. `done` runs on the writer thread once the transaction with it is committed, or
  // has failed: a full disk is kResourceExhausted, and the batch then has had no effect.
  using Done = std::move_only_function<void(Result<>)>;
  void submit(Batch batch, Done done);

  // Blocking reads; safe from any thread. They see every change reported as done.
  [[nodiscard]] Result<Loaded> load();
  [[nodiscard]] Result<std::optional<model::Node>> find(const NodeId& id);
  [[nodiscard]] Result<std::optional<model::Node>> find_by_seq(std::uint64_t seq);
  [[nodiscard]] Result<std::optional<model::Node>> newest_by_name(const std::string& name);
  // At most `limit` nodes whose id starts with `prefix`, no sandboxes of jobs among them; only
  // those of `owner`, where it is given.
  [[nodiscard]] Result<std::vector<model::Node>> find_by_prefix(
      const std::string& prefix, std::uint32_t limit,
      const std::optional<model::Principal>& owner = {});
  [[nodiscard]] Result<Page> list(const Query& query);
  [[nodiscard]] Result<std::vector<NodeId>> children(const NodeId& parent);
  [[nodiscard]] Result<std::optional<KeyRecord>> find_key(const std::string& owner,
                                                          const std::string& key);
  [[nodiscard]] Result<std::vector<NodeEvent>> events(std::uint64_t after, std::uint32_t limit);
  // Ended nodes to forget: ended before `ended_before`, or beyond the newest `keep`. Oldest first.
  [[nodiscard]] Result<std::vector<NodeId>> expired(Timestamp ended_before, std::uint64_t keep,
                                                    std::uint32_t limit);
  // Removes keys older than `before` whose node is not alive, and events beyond the newest
  // `keep_events`.
  void prune(Timestamp keys_before, std::uint64_t keep_events);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct Store::Opened {
  std::unique_ptr<Store> store;
  std::optional<std::filesystem::path> set_aside;  // Where a corrupt database went just now.
  // All that were set aside, now or earlier, and are still there. Of what they knew this one knows
  // nothing.
  std::vector<std::filesystem::path> lost;
};

}  // namespace warren::store
