// SPDX-License-Identifier: Apache-2.0

#include "engine/journal.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/failpoint.h"
#include "engine/task.h"

namespace warren::engine {
namespace {

constexpr std::chrono::seconds kRetryDelay{1};

void enter(model::Node& node, model::State state, Change change) {
  node.state = state;
  if (change.cause.type != model::Cause::Type::kNone) node.cause = std::move(change.cause);
  if (!change.message.empty()) node.message = std::move(change.message);
  if (change.event == model::Event::kQueue) {
    const auto late = change.at - node.scheduled_at.value_or(change.at);
    node.late = std::max(std::chrono::floor<Duration>(late), Duration::zero());
  }
  if (change.event == model::Event::kStarted) node.started_at = change.at;
  if (change.measured) {
    node.usage = change.measured->usage;
    node.stdout_bytes = change.measured->stdout_bytes;
    node.stderr_bytes = change.measured->stderr_bytes;
    node.lost_bytes = change.measured->lost_bytes;
  }
  if (!model::is_final(state)) return;
  node.ended_at = change.at;
  node.exit_code = change.exit_code;
}

}  // namespace

Journal::Journal(Executor executor, store::Store& store, NodeTree& tree, const Clock& clock)
    : executor_(std::move(executor)), store_(store), tree_(tree), clock_(clock) {}

Task<Result<>> Journal::submit(store::Batch batch) {
  auto start = [this, whole = std::move(batch)](store::Store::Done done) mutable {
    store_.submit(std::move(whole), std::move(done));
  };
  Result<> stored = co_await await_done<Result<>>(std::move(start));
  if (stored) announce();
  co_return stored;
}

bool Journal::apply(const LiveNodePtr& node, Change change) {
  const auto state = model::next(node->node.kind, node->node.state, change.event);
  if (!state) return false;
  tree_.count_step(node->node.state);
  enter(node->node, *state, std::move(change));
  Round& round = open_round();
  if (std::ranges::find(round.nodes, node) == round.nodes.end()) round.nodes.push_back(node);
  round.events.push_back(event_of(node->node, clock_()));
  return true;
}

void Journal::also(store::Change change) {
  open_round().others.push_back(std::move(change));
}

Task<> Journal::commit() {
  const std::shared_ptr<Round> round = newest_;
  if (round) co_await round->durable.wait();
}

Task<bool> Journal::commit_within(std::chrono::milliseconds patience) {
  const std::shared_ptr<Round> round = newest_;
  if (!round) co_return true;
  co_return co_await round->durable.wait_for(patience);
}

std::shared_ptr<Gate> Journal::next_publication() {
  std::erase_if(listeners_, [](const std::weak_ptr<Gate>& gate) { return gate.expired(); });
  auto gate = std::make_shared<Gate>();
  listeners_.push_back(gate);
  return gate;
}

store::NodeEvent Journal::event_of(const model::Node& node, Timestamp at) {
  const bool has_ended = model::is_final(node.state);
  return {.number = 0,
          .at = at,
          .node = node.id,
          .seq = node.seq,
          .state = node.state,
          .cause = has_ended ? node.cause : model::Cause{}};
}

Journal::Round& Journal::open_round() {
  if (!open_) {
    open_ = std::make_shared<Round>();
    // Begins at the end of this turn of the loop.
    spawn(executor_, write(open_, std::exchange(newest_, open_)));
  }
  return *open_;
}

Task<> Journal::write(std::shared_ptr<Round> round, std::shared_ptr<Round> previous) {
  if (previous) co_await previous->durable.wait();
  previous.reset();
  open_.reset();
  std::vector<LiveNodePtr> ended;
  for (;;) {
    // Rows show the nodes as they are now: on a later try they may have moved on.
    ended = round->nodes;
    std::erase_if(ended, [](const LiveNodePtr& node) { return !is_final(node->node.state); });
    store::Batch batch = batch_of(*round);
    failpoint("journal.before-commit");
    auto start = [this, &batch](store::Store::Done done) {
      store_.submit(std::move(batch), std::move(done));
    };
    const Result<> stored = co_await await_done<Result<>>(start);
    failpoint("journal.after-commit");
    if (stored) break;
    spdlog::error("recording {} changes, will try again: {}", round->events.size(),
                  stored.error().message);
    std::ignore = co_await round->durable.wait_for(kRetryDelay);
  }
  for (const LiveNodePtr& node : ended) {
    tree_.remove(node->node.id);
    node->ended.open();
  }
  round->durable.open();
  announce();
}

store::Batch Journal::batch_of(const Round& round) {
  store::Batch batch;
  for (const LiveNodePtr& node : round.nodes) batch.emplace_back(store::UpdateNode{node->node});
  for (const store::NodeEvent& event : round.events) batch.emplace_back(store::PutEvent{event});
  batch.insert(batch.end(), round.others.begin(), round.others.end());
  return batch;
}

void Journal::announce() {
  for (const std::weak_ptr<Gate>& listener : std::exchange(listeners_, {})) {
    if (const auto gate = listener.lock()) gate->open();
  }
}

}  // namespace warren::engine
