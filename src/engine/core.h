// SPDX-License-Identifier: Apache-2.0
//
// The parts of the engine that its use cases share, and the order in which they go.

#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/alarm.h"
#include "engine/clock.h"
#include "engine/config.h"
#include "engine/job.h"
#include "engine/journal.h"
#include "engine/node_tree.h"
#include "engine/queue.h"
#include "engine/sandboxes.h"
#include "engine/store_reader.h"
#include "engine/task.h"
#include "engine/upload_spool.h"

namespace warren::engine {

struct Core {
  Core(Executor loop, store::Store& state, provider::Provider& provider, Config settings,
       Clock wall_clock)
      : executor(std::move(loop)),
        config(std::move(settings)),
        clock(std::move(wall_clock)),
        pool(2),
        reads(state, pool),
        store(state),
        sandboxes(provider),
        journal(executor, state, tree, clock),
        queue(Capacity{.slots = config.max_concurrent,
                       .memory = config.max_memory,
                       .waiting = config.max_queued}),
        alarm(executor, clock),
        uploads(config.schedule_spool, config.durability) {}

  Executor executor;
  Config config;
  Clock clock;
  BlockingPool pool;
  StoreReader reads;
  store::Store& store;
  Sandboxes sandboxes;
  NodeTree tree;
  Journal journal;
  Queue queue;
  Alarm alarm;
  UploadSpool uploads;
  JobTable jobs;
  std::uint64_t next_seq = 1;
  // From then on a call that ends early says nothing of its client: it was the engine that closed.
  bool is_going_down = false;

  // Retention sweeps when many have ended since the last time.
  std::uint64_t ended_since_sweep = 0;
  std::shared_ptr<Gate> sweep_due = std::make_shared<Gate>();
};

}  // namespace warren::engine
