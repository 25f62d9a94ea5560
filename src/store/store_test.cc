// SPDX-License-Identifier: Apache-2.0

#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <latch>
#include <vector>

#include "store/store_fixture.h"
#include "tests/support/result_matchers.h"

namespace warren::store {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::warren::test::HoldsError;

model::Node full_node() {
  model::Node node = make_node(7);
  node.kind = model::Kind::kScope;
  node.parent = make_id(1);
  node.sandbox = make_id(2);
  node.owner = model::Principal::of_certificate("a@b");
  node.face = model::Face::kJobWorker;
  node.spec.name = "full";
  node.spec.labels = {{"team", "red"}};
  node.state = model::State::kStopped;
  node.cause = {.type = model::Cause::Type::kStoppedBy, .number = 0, .subject = "bob"};
  node.exit_code = 143;
  node.message = "ended: by hand";
  node.usage = {.cpu_usec = 1,
                .memory = Bytes{2},
                .memory_peak = Bytes{3},
                .io_read = Bytes{4},
                .io_write = Bytes{~0ULL},
                .pids = 6,
                .throttled_usec = 7};
  node.stdout_bytes = Bytes{8};
  node.stderr_bytes = Bytes{9};
  node.lost_bytes = Bytes{10};
  node.scheduled_at = at_second(1) + std::chrono::microseconds(1);
  node.late = std::chrono::milliseconds(1500);
  node.started_at = at_second(2);
  node.ended_at = at_second(-3);
  return node;
}

NodeEvent make_event(std::uint64_t number, std::uint16_t node) {
  return {.number = number,
          .at = at_second(5),
          .node = make_id(node),
          .seq = node,
          .state = model::State::kFailed,
          .cause = {.type = model::Cause::Type::kSignaled, .number = 9, .subject = {}}};
}

KeyRecord make_key(const std::string& key, std::uint16_t node) {
  return {.owner = "alice",
          .key = key,
          .fingerprint = std::string("\0\xff", 2),
          .node = make_id(node),
          .at = at_second(node)};
}

TEST_F(StoreTest, GivesBackEveryFieldOfANode) {
  put(batch_of(InsertNode{full_node()}, InsertNode{make_node(8)}));
  reopen();
  EXPECT_EQ(value_of(store_->find(make_id(7))), full_node());
  EXPECT_EQ(value_of(store_->find(make_id(8))), make_node(8));
  EXPECT_EQ(value_of(store_->find(make_id(9))), std::nullopt);
}

TEST_F(StoreTest, UpdatesAllButWhatANodeIsBornWith) {
  put(batch_of(InsertNode{make_node(7)}));
  model::Node changed = full_node();
  changed.seq = 99;
  changed.created_at = at_second(1);
  put(batch_of(UpdateNode{changed}));

  model::Node expected = full_node();
  const model::Node original = make_node(7);
  expected.owner = original.owner;
  expected.face = original.face;
  expected.spec = original.spec;
  EXPECT_EQ(value_of(store_->find(make_id(7))), expected);
}

TEST_F(StoreTest, AnUpdateOfANodeThatIsNoMoreKeepsNothingElseFromBeingStored) {
  put(batch_of(UpdateNode{make_node(1)}, InsertNode{make_node(2)}));
  EXPECT_EQ(value_of(store_->find(make_id(1))), std::nullopt);
  EXPECT_EQ(value_of(store_->find(make_id(2))), make_node(2));
}

TEST_F(StoreTest, LoadsWhatIsAliveInOrderOfCreation) {
  const Footprint footprint{.sandbox = make_id(2), .record = std::string("a\0b", 3)};
  put(batch_of(InsertNode{make_node(2)}, InsertNode{make_ended(3)}, InsertNode{make_node(4)},
               PutFootprint{footprint}, PutFootprint{{make_id(4), "gone"}},
               PutFootprint{{make_id(3), ""}}, DeleteFootprint{make_id(4)}));
  reopen();
  const Loaded loaded = value_of(store_->load());
  EXPECT_THAT(loaded.live, ElementsAre(make_node(2), make_node(4)));
  EXPECT_THAT(loaded.footprints, ElementsAre(footprint, Footprint{make_id(3), ""}));
}

TEST_F(StoreTest, ReplacesAFootprint) {
  put(batch_of(PutFootprint{{make_id(1), "old"}}));
  put(batch_of(PutFootprint{{make_id(1), "new"}}));
  EXPECT_THAT(value_of(store_->load()).footprints, ElementsAre(Footprint{make_id(1), "new"}));
}

TEST_F(StoreTest, ReportsOutcomesInOrderOfSubmission) {
  constexpr int kBatches = 200;
  std::latch all(kBatches);
  std::vector<int> order;
  for (int i = 0; i < kBatches; ++i) {
    // Every third fails: its id is taken.
    const auto number = static_cast<std::uint16_t>(i % 3 == 2 ? 0 : i + 1);
    store_->submit(batch_of(InsertNode{make_node(number)}), [&, i](const Result<>&) {
      order.push_back(i);
      all.count_down();
    });
  }
  all.wait();
  EXPECT_THAT(order, SizeIs(kBatches));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(StoreTest, AFailingBatchFailsWholeAndAlone) {
  put(batch_of(InsertNode{make_node(1)}));
  std::vector<Result<>> outcomes;
  std::latch all(3);
  const auto note = [&](Result<> result) {
    outcomes.push_back(std::move(result));
    all.count_down();
  };
  store_->submit(batch_of(InsertNode{make_node(2)}), note);
  store_->submit(batch_of(InsertNode{make_node(3)}, InsertNode{make_node(1)}), note);
  store_->submit(batch_of(InsertNode{make_node(4)}), note);
  all.wait();

  EXPECT_TRUE(outcomes[0]);
  EXPECT_THAT(outcomes[1], HoldsError(Errc::kAlreadyExists, _));
  EXPECT_TRUE(outcomes[2]);
  EXPECT_TRUE(value_of(store_->find(make_id(2))));
  EXPECT_FALSE(value_of(store_->find(make_id(3))));
  EXPECT_TRUE(value_of(store_->find(make_id(4))));
}

TEST_F(StoreTest, CommitsWhatIsQueuedWhenItIsDestroyed) {
  for (std::uint16_t i = 1; i <= 100; ++i) {
    store_->submit(batch_of(InsertNode{make_node(i)}), nullptr);
  }
  reopen();
  EXPECT_EQ(value_of(store_->load()).live.size(), 100U);
}

TEST_F(StoreTest, NeverGivesASeqTwice) {
  EXPECT_EQ(value_of(store_->load()).next_seq, 1U);
  put(batch_of(InsertNode{make_node(1)}, InsertNode{make_node(41)}));
  EXPECT_EQ(value_of(store_->load()).next_seq, 42U);
  put(batch_of(DeleteNode{make_id(41)}));
  put(batch_of(DeleteNode{make_id(1)}));
  reopen();
  EXPECT_EQ(value_of(store_->load()).next_seq, 42U);
}

TEST_F(StoreTest, KeepsNodesWithoutASeqApart) {
  model::Node first = make_node(1);
  model::Node second = make_node(2);
  first.seq = second.seq = 0;
  put(batch_of(InsertNode{first}, InsertNode{second}));
  EXPECT_EQ(value_of(store_->find(second.id)), second);
  EXPECT_EQ(value_of(store_->find_by_seq(0)), std::nullopt);
}

TEST_F(StoreTest, NumbersEventsThatHaveNoNumberYet) {
  for (std::uint16_t i = 1; i <= 3; ++i) put(batch_of(InsertNode{make_node(i)}));
  put(batch_of(PutEvent{make_event(0, 1)}, PutEvent{make_event(10, 2)},
               PutEvent{make_event(0, 3)}));
  EXPECT_THAT(value_of(store_->events(0, 100)),
              ElementsAre(make_event(1, 1), make_event(10, 2), make_event(11, 3)));
  EXPECT_THAT(value_of(store_->events(1, 1)), ElementsAre(make_event(10, 2)));
}

TEST_F(StoreTest, NeverGivesAnEventNumberTwice) {
  put(batch_of(InsertNode{make_node(1)}, PutEvent{make_event(5, 1)}));
  EXPECT_EQ(value_of(store_->load()).next_event, 6U);
  put(batch_of(DeleteNode{make_id(1)}));
  reopen();
  EXPECT_THAT(value_of(store_->events(0, 100)), IsEmpty());
  EXPECT_EQ(value_of(store_->load()).next_event, 6U);

  put(batch_of(InsertNode{make_node(2)}, PutEvent{make_event(6, 2)}));
  store_->prune(at_second(0), 0);
  reopen();
  EXPECT_THAT(value_of(store_->events(0, 100)), IsEmpty());
  EXPECT_EQ(value_of(store_->load()).next_event, 7U);
}

TEST_F(StoreTest, DeletesANodeWithAllThatBelongsToItButItsKey) {
  model::Node labeled = make_node(1);
  labeled.spec.labels = {{"team", "red"}};
  for (const model::Node& node : {labeled, make_node(2)}) {
    const auto number = static_cast<std::uint16_t>(node.seq);
    put(batch_of(InsertNode{node}, PutFootprint{{node.id, "f"}},
                 PutKey{make_key(std::to_string(number), number)},
                 PutEvent{make_event(number, number)}));
  }
  put(batch_of(DeleteNode{make_id(1)}));

  EXPECT_EQ(value_of(store_->find(make_id(1))), std::nullopt);
  EXPECT_EQ(value_of(store_->find_key("alice", "1")), make_key("1", 1));
  EXPECT_EQ(value_of(store_->find_key("alice", "2")), make_key("2", 2));
  EXPECT_THAT(value_of(store_->load()).footprints, ElementsAre(Footprint{make_id(2), "f"}));
  EXPECT_THAT(value_of(store_->events(0, 100)), ElementsAre(make_event(2, 2)));
  put(batch_of(InsertNode{labeled}));  // Labels left behind would stand in the way.
}

TEST_F(StoreTest, KeepsTheKeysOfCallersApart) {
  KeyRecord other = make_key("k", 2);
  other.owner = "bob";
  put(batch_of(PutKey{make_key("k", 1)}, PutKey{other}));
  EXPECT_EQ(value_of(store_->find_key("alice", "k")), make_key("k", 1));
  EXPECT_EQ(value_of(store_->find_key("bob", "k")), other);
  EXPECT_EQ(value_of(store_->find_key("carol", "k")), std::nullopt);
}

TEST_F(StoreTest, PrunesOldKeysAndAllButTheNewestEvents) {
  put(batch_of(InsertNode{make_node(1)}, PutKey{make_key("old", 10)}, PutKey{make_key("young", 20)},
               PutEvent{make_event(1, 1)}, PutEvent{make_event(2, 1)}, PutEvent{make_event(3, 1)}));
  store_->prune(at_second(20), 2);
  put({});  // Comes after it.
  EXPECT_EQ(value_of(store_->find_key("alice", "old")), std::nullopt);
  EXPECT_EQ(value_of(store_->find_key("alice", "young")), make_key("young", 20));
  EXPECT_THAT(value_of(store_->events(0, 100)), ElementsAre(make_event(2, 1), make_event(3, 1)));
}

TEST_F(StoreTest, KeepsTheKeyOfWhatLivesHoweverOldItIs) {
  put(batch_of(InsertNode{make_node(1)}, InsertNode{make_ended(2)}, PutKey{make_key("alive", 1)},
               PutKey{make_key("ended", 2)}));
  store_->prune(at_second(20), 2);
  put({});  // Comes after it.
  EXPECT_EQ(value_of(store_->find_key("alice", "alive")), make_key("alive", 1));
  EXPECT_EQ(value_of(store_->find_key("alice", "ended")), std::nullopt);
}

TEST_F(StoreTest, CopiesTheLogIntoTheDatabaseWhileItIsOpen) {
  const auto database = directory_.path() / "state.db";
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  model::Node node = make_node(0);
  node.message = std::string(65'536, 'm');
  constexpr std::uintmax_t kGrown = 2U << 20U;
  for (std::uint16_t i = 1; std::filesystem::file_size(database) < kGrown; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    node.id = make_id(i);
    node.seq = i;
    put(batch_of(InsertNode{node}));
  }
}

TEST_F(StoreTest, RunsItsThreadsWithoutSignals) {
  sigset_t blocked;
  std::latch asked(1);
  store_->submit({}, [&](const Result<>&) {
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    asked.count_down();
  });
  asked.wait();
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 1);
  EXPECT_EQ(sigismember(&blocked, SIGCHLD), 1);
}

}  // namespace
}  // namespace warren::store
