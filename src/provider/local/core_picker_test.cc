// SPDX-License-Identifier: Apache-2.0

#include "provider/local/core_picker.h"

#include <gmock/gmock.h>

namespace warren::provider {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

model::Limits percent(std::uint32_t value) {
  return {.cpu_percent = value};
}

model::Limits cores(std::vector<std::uint32_t> numbers) {
  return {.cores = {.cores = std::move(numbers)}};
}

TEST(CorePicker, BindsNobodyWhoMayUseEverything) {
  CorePicker picker({0, 1, 2, 3});
  EXPECT_THAT(picker.pick({}), IsEmpty());
  EXPECT_THAT(picker.pick(percent(400)), IsEmpty());
  EXPECT_THAT(picker.pick(cores({0, 1, 2, 3})), IsEmpty());
}

TEST(CorePicker, GivesAsManyCoresAsThePercentageCanFill) {
  CorePicker picker({0, 1, 2, 3});
  EXPECT_THAT(picker.pick(percent(1)), ::testing::SizeIs(1));
  EXPECT_THAT(picker.pick(percent(100)), ::testing::SizeIs(1));
  EXPECT_THAT(picker.pick(percent(101)), ::testing::SizeIs(2));
  EXPECT_THAT(picker.pick(percent(300)), ::testing::SizeIs(3));
}

TEST(CorePicker, TakesTheLeastUsedCoresFirst) {
  CorePicker picker({0, 1});
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(0));
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(1));
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(0));
  picker.release({0});
  picker.release({0});
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(0));
}

TEST(CorePicker, CountsAgainWhatAnEarlierEngineHasPicked) {
  CorePicker picker({0, 1});
  EXPECT_THAT(picker.pick_again({0}), ElementsAre(0));
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(1));
  EXPECT_THAT(picker.pick(percent(50)), ElementsAre(0));
}

TEST(CorePicker, LeavesOutCoresThatItNoLongerHas) {
  CorePicker picker({1, 3});
  EXPECT_THAT(picker.pick_again({0, 3, 4000}), ElementsAre(3));
  picker.release({3});
  EXPECT_THAT(picker.pick_again({0, 2}), IsEmpty());
}

TEST(CorePicker, StaysWithinTheCoresThatWereAskedFor) {
  CorePicker picker({0, 1, 2, 3});
  EXPECT_THAT(picker.pick(cores({1, 3})), ElementsAre(1, 3));
  model::Limits both = cores({1, 3});
  both.cpu_percent = 50;
  EXPECT_THAT(picker.pick(both), ElementsAre(1));
  EXPECT_THAT(picker.pick(both), ElementsAre(3));
}

TEST(CorePicker, KnowsOnlyTheCoresItWasGiven) {
  CorePicker picker({4, 6});
  EXPECT_THAT(picker.pick(cores({4, 5})), ElementsAre(4));
  EXPECT_THAT(picker.pick(percent(100)), ElementsAre(6));
}

}  // namespace
}  // namespace warren::provider
