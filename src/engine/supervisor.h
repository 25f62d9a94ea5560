// SPDX-License-Identifier: Apache-2.0
//
// The life of jobs: each has one coroutine that takes it from the queue to its last trace, and
// others that ask it to end. Runs on the loop; only ended() may be called from any thread.

#pragma once

#include <memory>

#include "engine/core.h"
#include "engine/job.h"
#include "engine/task.h"
#include "provider/provider.h"

namespace warren::engine {

// Asks a job to end: kStop, kCancel or kExpire, why, and how.
struct EndOrder {
  model::Event event;
  model::Cause cause;
  Farewell farewell = {};
};

class Supervisor final : public provider::Observer {
 public:
  explicit Supervisor(Core& core) : core_(core) {}

  void ended(provider::Ended how) override;

  // Takes charge of a job whose rows are durable and of which nothing runs: it waits for its time
  // if it has one, then for its turn.
  void enqueue(const JobPtr& job);
  // The same, but nobody's turn comes before admit_waiting().
  void line_up(const JobPtr& job);
  void admit_waiting();
  // Takes charge of a job whose command an earlier engine started.
  void resume(const JobPtr& job, Timestamp started_at);
  // Takes charge of a job whose start has failed before its turn came.
  void refuse(const JobPtr& job, const Error& why);
  // Takes charge of a job that has ended and whose sandbox remains.
  void bury(const JobPtr& job);

  // False when the job has already ended. To a job that is ending already, another order can only
  // shorten what is left of its grace.
  [[nodiscard]] bool end(const JobPtr& job, EndOrder order);

  // Kills every job that is to end with the engine, which is about to, and waits for a while until
  // nothing of them is left. One that has not begun goes on waiting.
  [[nodiscard]] Task<> end_with_engine(Duration patience);

  // Asks every process below `parent` to end, youngest first.
  void cancel_descendants(const NodeId& parent);

  // What the provider needs to know of a job.
  [[nodiscard]] provider::JobOrder order_of(const Job& job) const;

 private:
  void wait_for_time(const JobPtr& job);
  [[nodiscard]] Task<> queue_due(JobPtr job);
  [[nodiscard]] Task<> drive(JobPtr job);
  [[nodiscard]] Task<> launch(JobPtr job);
  // What its client uploaded long before is unpacked first.
  [[nodiscard]] Task<Result<provider::Started>> start(JobPtr job);
  [[nodiscard]] Task<Result<>> unpack_in_turn(JobPtr job);
  [[nodiscard]] Task<Result<>> unpack(JobPtr job);
  [[nodiscard]] Task<> attend(JobPtr job);
  [[nodiscard]] Task<> end_children(JobPtr job);
  [[nodiscard]] Task<> conclude(JobPtr job);
  [[nodiscard]] Task<> clean_up(JobPtr job);
  [[nodiscard]] Task<> forget(JobPtr job);
  [[nodiscard]] Task<> terminate(JobPtr job, Farewell farewell);
  [[nodiscard]] Task<> watch_deadline(JobPtr job, Timestamp started_at);

  void has_started(const JobPtr& job, Timestamp at);
  void has_ended(provider::Ended how);
  [[nodiscard]] LiveNodePtr any_child(const Job& job) const;

  Core& core_;
  std::shared_ptr<Gate> last_unpacked_;  // Opens when the last one in line is done.
};

}  // namespace warren::engine
