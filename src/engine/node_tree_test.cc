// SPDX-License-Identifier: Apache-2.0

#include "engine/node_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::warren::test::HoldsError;

NodeId id(int number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.front() = static_cast<std::uint8_t>(number);
  return NodeId::from_bytes(bytes);
}

model::Node node(int number, std::optional<NodeId> parent = {}) {
  model::Node made;
  made.id = id(number);
  made.seq = static_cast<std::uint64_t>(number);
  made.parent = parent;
  made.state = model::State::kRunning;
  return made;
}

class NodeTreeTest : public ::testing::Test {
 protected:
  LiveNodePtr add(model::Node description) {
    auto live = std::make_shared<LiveNode>(std::move(description));
    tree_.add(live);
    return live;
  }

  NodeTree tree_;
};

TEST_F(NodeTreeTest, FindsANodeByIdSeqAndName) {
  model::Node named = node(7);
  named.spec.name = "web";
  const LiveNodePtr live = add(named);
  EXPECT_EQ(tree_.find(id(7)), live);
  EXPECT_EQ(tree_.find_by_seq(7), live);
  EXPECT_EQ(tree_.find_by_name("web"), live);
  EXPECT_EQ(tree_.find(id(8)), nullptr);
  EXPECT_EQ(tree_.find_by_seq(8), nullptr);
  EXPECT_EQ(tree_.find_by_name("we"), nullptr);
}

TEST_F(NodeTreeTest, FindsNodesByTheStartOfTheirIds) {
  add(node(0x12));
  add(node(0x13));
  EXPECT_THAT(tree_.find_by_prefix("120000", 8), SizeIs(1));
  EXPECT_THAT(tree_.find_by_prefix("1", 8), SizeIs(2));
  EXPECT_THAT(tree_.find_by_prefix("1", 1), SizeIs(1));
  EXPECT_THAT(tree_.find_by_prefix("2", 8), IsEmpty());
}

TEST_F(NodeTreeTest, RefusesTheNameOfALiveNodeAndFreesItWithTheNode) {
  model::Node first = node(1);
  first.spec.name = "web";
  add(first);
  model::Node second = node(2);
  second.spec.name = "web";
  EXPECT_THAT(tree_.check(second), HoldsError(Errc::kAlreadyExists, HasSubstr("'web'")));
  tree_.remove(id(1));
  EXPECT_TRUE(tree_.check(second).has_value());
}

TEST_F(NodeTreeTest, RefusesAParentThatIsNotThereOrIsEnding) {
  EXPECT_THAT(tree_.check(node(2, id(1))),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("parent")));
  const LiveNodePtr parent = add(node(1));
  EXPECT_TRUE(tree_.check(node(2, id(1))).has_value());
  parent->is_closing = true;
  EXPECT_THAT(tree_.check(node(2, id(1))),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("ending")));
}

TEST_F(NodeTreeTest, ListsDescendantsYoungestFirst) {
  const LiveNodePtr root = add(node(1));
  const LiveNodePtr old_child = add(node(2, id(1)));
  const LiveNodePtr grandchild = add(node(3, id(2)));
  const LiveNodePtr young_child = add(node(4, id(1)));
  EXPECT_THAT(tree_.children(id(1)), ElementsAre(young_child, old_child));
  EXPECT_THAT(tree_.descendants(id(1)), ElementsAre(young_child, grandchild, old_child));
  tree_.remove(id(4));
  EXPECT_THAT(tree_.descendants(id(1)), ElementsAre(grandchild, old_child));
}

}  // namespace
}  // namespace warren::engine
