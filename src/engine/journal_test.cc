// SPDX-License-Identifier: Apache-2.0

#include "engine/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "engine/clock.h"
#include "engine/engine_fixture.h"

namespace warren::engine {
namespace {

using model::Event;
using model::State;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    model::Node node;
    node.id = NodeId::make(now(), {1});
    node.kind = model::Kind::kProcess;
    node.state = State::kQueued;
    node.spec.process.argv = {"true"};
    node.created_at = now();
    live_ = std::make_shared<LiveNode>(node);
    tree_.add(live_);
    run(insert(node));
  }

  Task<> insert(model::Node node) {
    store::Batch batch;
    batch.emplace_back(store::InsertNode{std::move(node)});
    const Result<> stored = co_await journal_.submit(std::move(batch));
    EXPECT_TRUE(stored.has_value());
  }

  // Runs `task` until nothing on the loop waits for itself any more.
  void run(Task<> task) {
    spawn(loop_.get_executor(), std::move(task));
    loop_.restart();
    loop_.run();
  }

  // Waits until the store has answered what was handed to it; the loop then has the answers.
  void change_store(store::Batch batch) {
    std::promise<void> done;
    store_->submit(std::move(batch), [&done](Result<> result) {
      EXPECT_TRUE(result.has_value());
      done.set_value();
    });
    done.get_future().wait();
  }

  void turn() {
    loop_.restart();
    loop_.poll();
    change_store({});
    loop_.poll();
  }

  [[nodiscard]] State stored_state() {
    const auto node = store_->find(live_->node.id);
    EXPECT_TRUE(node.has_value() && node->has_value());
    return (*node)->state;
  }

  test::TempDirectory directory_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<store::Store> store_ =
      std::move(store::Store::open(directory_.path(), store::Durability::kProcess)->store);
  NodeTree tree_;
  Clock clock_ = now;
  Journal journal_{loop_.get_executor(), *store_, tree_, clock_};
  LiveNodePtr live_;
};

TEST_F(JournalTest, MakesWhatItAppliedDurableAndTellsAfterwards) {
  const auto news = journal_.next_publication();
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kAdmit, .at = now()}));
  EXPECT_EQ(live_->node.state, State::kStarting);
  EXPECT_FALSE(news->is_open());
  EXPECT_EQ(stored_state(), State::kQueued);
  run(journal_.commit());
  EXPECT_TRUE(news->is_open());
  EXPECT_EQ(stored_state(), State::kStarting);
}

TEST_F(JournalTest, RecordsEveryStepOfATurnAsAnEvent) {
  const Timestamp start = now();
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kAdmit, .at = start}));
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kStarted, .at = start}));
  run(journal_.commit());
  const auto events = store_->events(0, 10);
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ((*events)[0].state, State::kStarting);
  EXPECT_EQ((*events)[1].state, State::kRunning);
  EXPECT_EQ(live_->node.started_at, start);
}

TEST_F(JournalTest, NeverOverwritesAFinalState) {
  const model::Cause stopped{model::Cause::Type::kStoppedBy, 0, "ann"};
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kStop, .at = now(), .cause = stopped}));
  EXPECT_FALSE(journal_.apply(live_, {.event = Event::kAdmit, .at = now()}));
  EXPECT_FALSE(live_->ended.is_open());
  EXPECT_NE(tree_.find(live_->node.id), nullptr);
  run(journal_.commit());
  EXPECT_TRUE(live_->ended.is_open());
  EXPECT_EQ(tree_.find(live_->node.id), nullptr);
  EXPECT_EQ(stored_state(), State::kStopped);
}

TEST_F(JournalTest, ANodeThatIsNoMoreHoldsNothingUp) {
  change_store({store::DeleteNode{live_->node.id}});
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kStop, .at = now()}));
  run(journal_.commit());
  EXPECT_TRUE(live_->ended.is_open());
}

TEST_F(JournalTest, NothingNewerOvertakesARoundThatFailed) {
  const auto news = journal_.next_publication();
  journal_.also(store::InsertNode{live_->node});  // Fails for as long as its row is there.
  turn();
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kAdmit, .at = now()}));
  turn();
  EXPECT_FALSE(news->is_open());
  EXPECT_EQ(stored_state(), State::kQueued);
  change_store({store::DeleteNode{live_->node.id}});
  run(journal_.commit());
  EXPECT_EQ(stored_state(), State::kStarting);
}

TEST_F(JournalTest, DoesNotAnnounceAnEndBeforeItIsDurableItself) {
  const auto news = journal_.next_publication();
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kAdmit, .at = now()}));
  loop_.restart();
  loop_.run_one();  // The first change is on its way to the disk; the second has yet to go.
  ASSERT_TRUE(journal_.apply(live_, {.event = Event::kStartFailed, .at = now()}));
  while (!news->is_open()) loop_.run_one();
  EXPECT_FALSE(live_->ended.is_open());
  loop_.run();
  EXPECT_TRUE(live_->ended.is_open());
}

}  // namespace
}  // namespace warren::engine
