// SPDX-License-Identifier: Apache-2.0
//
// What an engine says that was started where the unified hierarchy lets it limit nothing.

#include <gmock/gmock.h>
#include <unistd.h>

#include "cgroup/kernel_fixture.h"

namespace warren::cgroup {
namespace {

using testing::HasSubstr;

class Delegation : public KernelTree {
 protected:
  void SetUp() override {
    open(Kind::kNative);
    if (IsSkipped()) return;
    if (!has("limit.pids") || tree().capabilities().front().detail != "cpu.max") {
      GTEST_SKIP() << "needs the controllers in the unified hierarchy";
    }
  }

  // Another engine's tree, in a group of this one.
  [[nodiscard]] Result<std::unique_ptr<Tree>> open_inner(std::string_view group) const {
    return Tree::open("inner", WARREN_TRY(own_parent(fmt::format("/warren-{}/{}", tag(), group))));
  }
};

TEST_F(Delegation, AParentThatHoldsProcessesIsReportedWithTheWayOut) {
  create("crowded", {});
  const LifeLine life;
  start_in("crowded", [&] {
    life.report();
    ::pause();
    return 0;
  });
  ASSERT_TRUE(life.hears(1));
  auto inner = open_inner("crowded");
  ASSERT_TRUE(inner) << inner.error().message;
  const auto checked = (*inner)->check({.pids = 5});
  EXPECT_TRUE((*inner)->close());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Errc::kFailedPrecondition);
  EXPECT_THAT(checked.error().message, HasSubstr("cgroup_root in warren.yaml"));
}

TEST_F(Delegation, AParentWithoutProcessesHandsItsControllersDown) {
  create("roomy", {});
  auto inner = open_inner("roomy");
  ASSERT_TRUE(inner) << inner.error().message;
  EXPECT_TRUE((*inner)->check({.cpu_percent = 10, .pids = 5}));
  EXPECT_TRUE((*inner)->close());
}

}  // namespace
}  // namespace warren::cgroup
