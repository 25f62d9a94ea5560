// SPDX-License-Identifier: Apache-2.0

#include "store/queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>

#include "store/store_fixture.h"

namespace warren::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::uint64_t> seqs(const Result<std::vector<model::Node>>& nodes) {
  std::vector<std::uint64_t> all;
  for (const model::Node& node : value_of(nodes)) all.push_back(node.seq);
  return all;
}

// `query` with one more condition.
template <typename T>
Query with(T Query::*field, std::type_identity_t<T> value, Query query = {}) {
  query.*field = std::move(value);
  return query;
}

class Queries : public StoreTest {
 protected:
  std::vector<std::uint64_t> listed(const Query& query) {
    return seqs(value_of(store_->list(query)).nodes);
  }
};

TEST_F(Queries, FindsByExactIdSeqAndName) {
  model::Node node = make_node(12);
  node.spec.name = "web";
  put(batch_of(InsertNode{node}, InsertNode{make_node(13)}));
  EXPECT_EQ(value_of(store_->find(node.id)), node);
  EXPECT_EQ(value_of(store_->find_by_seq(12)), node);
  EXPECT_EQ(value_of(store_->newest_by_name("web")), node);
  EXPECT_EQ(value_of(store_->find_by_seq(14)), std::nullopt);
  EXPECT_EQ(value_of(store_->newest_by_name("we")), std::nullopt);
}

TEST_F(Queries, TheNewestOfANameAnswers) {
  model::Node old_one = make_ended(1);
  model::Node new_one = make_ended(2);
  old_one.spec.name = new_one.spec.name = "web";
  put(batch_of(InsertNode{old_one}, InsertNode{new_one}));
  EXPECT_EQ(value_of(store_->newest_by_name("web")), new_one);
}

TEST_F(Queries, FindsByTheStartOfAnId) {
  put(batch_of(InsertNode{make_node(1)}, InsertNode{make_node(2)}, InsertNode{make_node(300)}));
  const std::string text = make_id(2).to_text();
  for (std::size_t length = 1; length <= text.size(); ++length) {
    const auto found = value_of(store_->find_by_prefix(text.substr(0, length), 10));
    EXPECT_THAT(found, ::testing::Contains(make_node(2))) << length;
  }
  EXPECT_THAT(seqs(store_->find_by_prefix(text, 10)), ElementsAre(2));
  EXPECT_THAT(seqs(store_->find_by_prefix(text.substr(0, 6), 2)), ElementsAre(1, 2));
  EXPECT_THAT(seqs(store_->find_by_prefix("", 10)), ElementsAre(1, 2, 300));
}

TEST_F(Queries, TheStartOfAnIdMeansNoSandboxOfAJobAndNothingOfOthers) {
  model::Node job = make_node(1);
  model::Node sandbox = make_node(2);
  model::Node of_another = make_node(3);
  sandbox.kind = model::Kind::kSandbox;
  sandbox.parent = job.id;
  job.sandbox = sandbox.id;
  of_another.owner.uid = job.owner.uid + 1;
  put(batch_of(InsertNode{job}, InsertNode{sandbox}, InsertNode{of_another}));
  const std::string start = job.id.to_text().substr(0, 8);
  EXPECT_THAT(seqs(store_->find_by_prefix(start, 10)), ElementsAre(1, 3));
  EXPECT_THAT(seqs(store_->find_by_prefix(start, 1, of_another.owner)), ElementsAre(3));
}

TEST_F(Queries, NoIdStartsWithWhatIsNoId) {
  put(batch_of(InsertNode{make_node(1)}));
  const std::string text = make_id(1).to_text();
  for (const std::string& prefix : {text + "0", std::string("0x"), std::string("018BCF"),
                                    std::string("018bcfe56"), std::string("-"), std::string("%")}) {
    EXPECT_THAT(seqs(store_->find_by_prefix(prefix, 10)), IsEmpty()) << prefix;
  }
}

TEST_F(Queries, ListsTheNewestFirstUpToTheLimit) {
  for (std::uint16_t i = 1; i <= 5; ++i) put(batch_of(InsertNode{make_node(i)}));
  EXPECT_THAT(listed({}), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(listed(with(&Query::limit, 2)), ElementsAre(5, 4));
}

TEST_F(Queries, ListsByState) {
  model::Node queued = make_node(3);
  queued.state = model::State::kQueued;
  put(batch_of(InsertNode{make_node(1)}, InsertNode{make_ended(2)}, InsertNode{queued}));
  using model::State;
  EXPECT_THAT(listed(with(&Query::states, {State::kRunning})), ElementsAre(1));
  EXPECT_THAT(listed(with(&Query::states, {State::kRunning, State::kQueued})), ElementsAre(3, 1));
  EXPECT_THAT(listed(with(&Query::states, {State::kCompleted, State::kRunning})),
              ElementsAre(2, 1));
  EXPECT_THAT(listed(with(&Query::states, {State::kLost})), IsEmpty());
}

TEST_F(Queries, ListsWhatHasEveryLabel) {
  model::Node red = make_node(1);
  model::Node both = make_node(2);
  model::Node blue = make_node(3);
  red.spec.labels = {{"team", "red"}};
  both.spec.labels = {{"team", "red"}, {"stage", "test"}};
  blue.spec.labels = {{"team", "blue"}, {"stage", "test"}};
  put(batch_of(InsertNode{red}, InsertNode{both}, InsertNode{blue}));
  EXPECT_THAT(listed(with(&Query::labels, {{"team", "red"}})), ElementsAre(2, 1));
  EXPECT_THAT(listed(with(&Query::labels, {{"team", "red"}, {"stage", "test"}})), ElementsAre(2));
  EXPECT_THAT(listed(with(&Query::labels, {{"team", "test"}})), IsEmpty());
}

TEST_F(Queries, ListsByOwnerAndByParent) {
  const auto alice = model::Principal::of_account(1000, "alice");
  const auto bob = model::Principal::of_account(1001, "bob");
  model::Node bobs = make_node(2);
  bobs.owner = bob;
  bobs.parent = make_id(1);
  put(batch_of(InsertNode{make_node(1)}, InsertNode{bobs}));
  EXPECT_THAT(listed(with(&Query::owner, bob)), ElementsAre(2));
  EXPECT_THAT(listed(with(&Query::parent, make_id(1))), ElementsAre(2));
  EXPECT_THAT(listed(with(&Query::owner, alice, with(&Query::parent, make_id(1)))), IsEmpty());
  EXPECT_THAT(value_of(store_->children(make_id(1))), ElementsAre(make_id(2)));
  EXPECT_THAT(value_of(store_->children(make_id(2))), IsEmpty());
}

TEST_F(Queries, ListsByFace) {
  model::Node joblets = make_node(2);
  joblets.face = model::Face::kJoblet;
  put(batch_of(InsertNode{make_node(1)}, InsertNode{joblets}));
  EXPECT_THAT(listed(with(&Query::face, model::Face::kJoblet)), ElementsAre(2));
  EXPECT_THAT(listed(with(&Query::face, model::Face::kLocal)), ElementsAre(1));
  EXPECT_THAT(listed(with(&Query::face, model::Face::kJobWorker)), IsEmpty());
  const auto stranger = model::Principal::of_certificate("alice");
  EXPECT_THAT(listed(with(&Query::owner, stranger, with(&Query::face, model::Face::kJoblet))),
              IsEmpty());
}

TEST_F(Queries, TellsACertificateFromAnAccountOfTheSameName) {
  const auto account = model::Principal::of_account(1000, "alice");
  const auto renamed = model::Principal::of_account(1000, "alice2");
  const auto certificate = model::Principal::of_certificate("alice");
  model::Node certified = make_node(2);
  certified.owner = certificate;
  put(batch_of(InsertNode{make_node(1)}, InsertNode{certified}));
  EXPECT_THAT(listed(with(&Query::owner, account)), ElementsAre(1));
  EXPECT_THAT(listed(with(&Query::owner, renamed)), ElementsAre(1));
  EXPECT_THAT(listed(with(&Query::owner, certificate)), ElementsAre(2));
  EXPECT_THAT(listed(with(&Query::owner, model::Principal::of_certificate("bob"))), IsEmpty());
  const std::string start = make_id(1).to_text().substr(0, 6);
  EXPECT_THAT(seqs(store_->find_by_prefix(start, 10, account)), ElementsAre(1));
  EXPECT_THAT(seqs(store_->find_by_prefix(start, 10, certificate)), ElementsAre(2));
}

TEST_F(Queries, HidesOnlySandboxesThatWereMadeForAProcess) {
  model::Node job = make_node(1);
  model::Node made_for_it = make_node(2);
  model::Node made_by_it = make_node(3);
  made_for_it.kind = made_by_it.kind = model::Kind::kSandbox;
  made_for_it.parent = made_by_it.parent = job.id;
  job.sandbox = made_for_it.id;
  job.spec.name = made_for_it.spec.name = "job";
  put(batch_of(InsertNode{job}, InsertNode{made_for_it}, InsertNode{made_by_it}));
  EXPECT_THAT(listed({}), ElementsAre(3, 1));
  EXPECT_THAT(listed(with(&Query::sandboxes_of_jobs, true)), ElementsAre(3, 2, 1));
  EXPECT_EQ(value_of(store_->newest_by_name("job")), job);
}

TEST_F(Queries, ListsPageByPageWhateverHappensBetweenThem) {
  for (std::uint16_t number = 1; number <= 4; ++number) {
    put(batch_of(InsertNode{make_node(number)}));
  }
  Query query = with(&Query::limit, 2);
  const Page first = value_of(store_->list(query));
  EXPECT_THAT(seqs(first.nodes), ElementsAre(4, 3));
  ASSERT_TRUE(first.next.has_value());
  put(batch_of(DeleteNode{make_id(3)}, InsertNode{make_node(5)}));
  query.below = *first.next;
  const Page second = value_of(store_->list(query));
  EXPECT_THAT(seqs(second.nodes), ElementsAre(2, 1));
  query.below = second.next.value_or(0);
  const Page last = value_of(store_->list(query));
  EXPECT_THAT(seqs(last.nodes), IsEmpty());
  EXPECT_FALSE(last.next.has_value());
}

TEST_F(Queries, EndsAPageWhereTheSpecsInItAreLargeTogether) {
  for (std::uint16_t number = 1; number <= 5; ++number) {
    model::Node node = make_ended(number);
    node.spec.process.argv = {"true", std::string(1000, 'x')};
    put(batch_of(InsertNode{node}));
  }
  Query query = with(&Query::most_bytes, 1500, with(&Query::limit, 100));
  std::vector<std::vector<std::uint64_t>> pages;
  do {
    const Page page = value_of(store_->list(query));
    pages.push_back(seqs(page.nodes));
    query.below = page.next.value_or(0);
  } while (query.below != 0);
  EXPECT_THAT(pages, ElementsAre(ElementsAre(5, 4), ElementsAre(3, 2), ElementsAre(1)));
  query.most_bytes = 1;  // However small that is, each page has one.
  EXPECT_THAT(listed(query), ElementsAre(5));
}

TEST_F(Queries, LeavesOutTheSpecsOfLiveNodesWhenAsked) {
  put(batch_of(InsertNode{make_node(1)}, InsertNode{make_ended(2)}));
  const auto nodes = value_of(store_->list(with(&Query::specs_of_live, false))).nodes;
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[0], make_ended(2));
  model::Node without_spec = make_node(1);
  without_spec.spec = {};
  EXPECT_EQ(nodes[1], without_spec);
}

TEST_F(Queries, ExpiresWhatEndedTooLongAgoOldestFirst) {
  put(batch_of(InsertNode{make_ended(30)}, InsertNode{make_ended(10)}, InsertNode{make_ended(20)},
               InsertNode{make_node(5)}));
  EXPECT_THAT(value_of(store_->expired(at_second(30), 100, 10)),
              ElementsAre(make_id(10), make_id(20)));
  EXPECT_THAT(value_of(store_->expired(at_second(30), 100, 1)), ElementsAre(make_id(10)));
  EXPECT_THAT(value_of(store_->expired(at_second(10), 100, 10)), IsEmpty());
}

TEST_F(Queries, ExpiresWhatIsBeyondTheNumberToKeep) {
  put(batch_of(InsertNode{make_ended(30)}, InsertNode{make_ended(10)}, InsertNode{make_ended(20)},
               InsertNode{make_node(5)}));
  EXPECT_THAT(value_of(store_->expired(at_second(0), 2, 10)), ElementsAre(make_id(10)));
  EXPECT_THAT(value_of(store_->expired(at_second(0), 3, 10)), IsEmpty());
  EXPECT_THAT(value_of(store_->expired(at_second(0), 0, 10)),
              ElementsAre(make_id(10), make_id(20), make_id(30)));
  EXPECT_THAT(value_of(store_->expired(at_second(15), 1, 10)),
              ElementsAre(make_id(10), make_id(20)));
}

}  // namespace
}  // namespace warren::store
