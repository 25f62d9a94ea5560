// SPDX-License-Identifier: Apache-2.0

#include "store/writer.h"

#include <utility>

#include "os/worker_thread.h"

namespace warren::store {

Writer::Writer(Database database) : database_(std::move(database)) {
  thread_ = os::start_thread([this](const std::stop_token& stop) { run(stop); });
}

Writer::~Writer() {
  thread_.request_stop();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({.work = std::move(work), .done = std::move(done), .outcome = {}});
  }
  wake_.notify_one();
}

void Writer::run(const std::stop_token& stop) {
  std::vector<Item> group;  // Swapped with the queue, so that both keep their memory.
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [this] { return !queue_.empty(); })) return;
      group.swap(queue_);
    }
    commit(group);
    for (Item& item : group) {
      if (item.done) item.done(std::move(item.outcome));
    }
    group.clear();
  }
}

void Writer::commit(std::vector<Item>& group) {
  const Result<> committed = apply_all(group);
  if (committed) return;
  // Nothing of the group has come to stay. What failed by itself keeps its own reason.
  for (Item& item : group) {
    if (item.outcome) item.outcome = committed;
  }
}

Result<> Writer::apply_all(std::vector<Item>& group) {
  Transaction transaction = WARREN_TRY(Transaction::begin(database_));
  if (group.size() == 1) {  // The usual case needs no savepoint: the transaction undoes it.
    WARREN_TRY(group.front().work(database_));
    return transaction.commit();
  }
  for (Item& item : group) {
    item.outcome = apply_one(item);
    // A full disk ends the whole transaction on the spot, and with it what had been applied.
    if (!database_.in_transaction()) return item.outcome;
  }
  return transaction.commit();
}

Result<> Writer::apply_one(Item& item) {
  WARREN_TRY(database_.run("SAVEPOINT batch"));
  const Result<> applied = item.work(database_);
  if (!database_.in_transaction()) return applied;
  if (!applied) WARREN_TRY(database_.run("ROLLBACK TO batch"));
  WARREN_TRY(database_.run("RELEASE batch"));
  return applied;
}

}  // namespace warren::store
