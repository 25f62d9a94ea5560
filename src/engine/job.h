// SPDX-License-Identifier: Apache-2.0
//
// What the engine holds for a job that has not been cleaned up: a process and the sandbox that was
// made for it.

#pragma once

#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/duration.h"
#include "engine/node_tree.h"
#include "engine/task.h"
#include "os/unique_fd.h"
#include "provider/provider.h"

namespace warren::engine {

inline constexpr Duration kDefaultGrace = std::chrono::seconds(10);

// How a command is told to end: a signal first, SIGKILL for whatever is left after the grace.
struct Farewell {
  int signal = SIGTERM;
  Duration grace = kDefaultGrace;
};

// Held by every client that wants to hear of a job's end; the last one to go opens the gate.
struct Following {
  std::shared_ptr<Gate> nobody_left = std::make_shared<Gate>();

  Following() = default;
  ~Following() { nobody_left->open(); }
  Following(const Following&) = delete;
  Following& operator=(const Following&) = delete;
};

// When the engine was done with each stage of a start, in their order. The provider's come after
// `admitted`.
struct StartTimes {
  provider::Moment received{};   // The call had arrived.
  provider::Moment accepted{};   // Its spec was checked, and its nodes had their ids.
  provider::Moment committed{};  // Their rows were durable.
  provider::Moment admitted{};   // Its files were there, and its turn had come.
  std::optional<provider::StartStages> made = {};
  provider::Moment settled{};  // The start had become a fact of the tree.
};

struct Job {
  LiveNodePtr process;
  LiveNodePtr sandbox;
  std::string footprint;

  std::string lateness;  // That its time passed while no engine ran; empty: it did not.
  Gate admitted;         // Its turn has come, or it was ended while it waited.
  Gate settled;          // Its command was started, or never will be.
  Gate finished;         // `ended` says how.

  bool is_started = false;
  StartTimes times;
  os::UniqueFd input;                  // For the client that asked for it.
  bool keeps_input = false;            // Adopted; its sandbox has the input for that client.
  std::optional<Farewell> early_stop;  // Asked for before there was anything to signal.
  Gate has_early_stop;
  std::optional<provider::Ended> ended;  // Of the command, not yet of the node.
  std::weak_ptr<Following> following;
  Gate client_is_back;  // The call that made the job was repeated.
  std::optional<boost::asio::steady_timer> deadline;

  [[nodiscard]] std::shared_ptr<Following> follow() {
    std::shared_ptr<Following> shared = following.lock();
    if (!shared) following = shared = std::make_shared<Following>();
    return shared;
  }
};
using JobPtr = std::shared_ptr<Job>;

// Jobs by the id of their process.
class JobTable {
 public:
  void add(JobPtr job) {
    const NodeId id = job->process->node.id;
    jobs_[id] = std::move(job);
  }
  void remove(const NodeId& process) { jobs_.erase(process); }
  [[nodiscard]] JobPtr find(const NodeId& process) const {
    const auto found = jobs_.find(process);
    return found == jobs_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<NodeId, JobPtr> jobs_;
};

}  // namespace warren::engine
