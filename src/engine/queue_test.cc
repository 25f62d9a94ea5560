// SPDX-License-Identifier: Apache-2.0

#include "engine/queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::warren::test::HoldsError;

NodeId id(int number) {
  std::array<std::uint8_t, 16> bytes{};
  bytes.back() = static_cast<std::uint8_t>(number);
  return NodeId::from_bytes(bytes);
}

Ticket ticket(int number, std::string owner = "ann", std::int32_t priority = 0) {
  return {.job = id(number), .owner = std::move(owner), .priority = priority, .memory = {}};
}

std::vector<NodeId> admit_all(Queue& queue) {
  std::vector<NodeId> admitted;
  while (const auto next = queue.admit()) admitted.push_back(*next);
  return admitted;
}

TEST(Queue, KeepsTheOrderOfOneOwner) {
  Queue queue({});
  for (const int number : {1, 2, 3}) queue.push(ticket(number));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1), id(2), id(3)));
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.running(), 3U);
}

TEST(Queue, PutsHigherPrioritiesFirst) {
  Queue queue({});
  queue.push(ticket(1, "ann", 0));
  queue.push(ticket(2, "ann", 5));
  queue.push(ticket(3, "ann", -5));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(2), id(1), id(3)));
}

TEST(Queue, LetsOwnersTakeTurnsWithinAPriority) {
  Queue queue({});
  for (const int number : {1, 2, 3}) queue.push(ticket(number, "ann"));
  queue.push(ticket(4, "bob"));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1), id(4), id(2), id(3)));
}

TEST(Queue, AdmitsNoMoreThanItsSlots) {
  Queue queue({.slots = 2, .memory = {}});
  for (const int number : {1, 2, 3}) queue.push(ticket(number));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1), id(2)));
  queue.release(id(1));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(3)));
}

TEST(Queue, CountsMemoryAndLetsNobodyOvertakeALargeJob) {
  Queue queue({.slots = 0, .memory = Bytes{100}});
  queue.push({.job = id(1), .owner = "ann", .priority = 0, .memory = Bytes{60}});
  queue.push({.job = id(2), .owner = "ann", .priority = 0, .memory = Bytes{50}});
  queue.push({.job = id(3), .owner = "bob", .priority = -1, .memory = Bytes{10}});
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1)));
  queue.release(id(1));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(2), id(3)));
}

TEST(Queue, StartsAJobThatIsLargerThanTheCapacityAlone) {
  Queue queue({.slots = 0, .memory = Bytes{100}});
  queue.push({.job = id(1), .owner = "ann", .priority = 0, .memory = Bytes{600}});
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1)));
}

TEST(Queue, ForgetsAJobThatStillWaits) {
  Queue queue({.slots = 1, .memory = {}});
  for (const int number : {1, 2, 3}) queue.push(ticket(number, number == 2 ? "bob" : "ann"));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(1)));
  queue.release(id(2));
  EXPECT_EQ(queue.waiting(), 1U);
  queue.release(id(1));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(3)));
}

TEST(Queue, ExpectsNoMoreJobsThanMayWait) {
  Queue queue({.slots = 1, .memory = {}, .waiting = 2});
  queue.occupy(ticket(1));
  ASSERT_TRUE(queue.expect(id(2)));
  queue.push(ticket(2));
  ASSERT_TRUE(queue.expect(id(3)));
  EXPECT_THAT(queue.expect(id(4)), HoldsError(Errc::kResourceExhausted, HasSubstr("max_queued")));
  queue.release(id(3));  // It never came.
  EXPECT_TRUE(queue.expect(id(4)));
  EXPECT_FALSE(queue.expect(id(5)));
  queue.release(id(1));
  EXPECT_THAT(admit_all(queue), ElementsAre(id(2)));
  EXPECT_TRUE(queue.expect(id(5)));
}

TEST(Queue, TakesWhatWaitedBeforeARestartWhateverTheBound) {
  Queue queue({.slots = 1, .memory = {}, .waiting = 1});
  for (const int number : {1, 2, 3}) queue.push(ticket(number));
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_FALSE(queue.expect(id(4)));
}

TEST(Queue, CountsWhatRunsAlready) {
  Queue queue({.slots = 1, .memory = {}});
  queue.occupy(ticket(1));
  queue.push(ticket(2));
  EXPECT_EQ(queue.admit(), std::nullopt);
  queue.release(id(1));
  EXPECT_EQ(queue.admit(), id(2));
}

}  // namespace
}  // namespace warren::engine
