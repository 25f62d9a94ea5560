// SPDX-License-Identifier: Apache-2.0

#include "provider/local/cgroup_parent.h"

#include <gtest/gtest.h>

namespace warren::provider {
namespace {

using cgroup::Parent;

TEST(ParseParent, ReadsWhatWasWritten) {
  const Parent own{.cgroups = "1:cpu:/\n0::/user.slice/session-1.scope\n", .root = {}};
  const Parent given{.cgroups = "0::/x\n", .root = "/services"};
  for (const Parent& parent : {own, given}) {
    const Parent read = parse_parent(to_text(parent));
    EXPECT_EQ(read.cgroups, parent.cgroups);
    EXPECT_EQ(read.root, parent.root);
  }
}

TEST(Parent, IsTheSameWhereTheRootIs) {
  EXPECT_EQ((Parent{.cgroups = "0::/a\n", .root = "/"}),
            (Parent{.cgroups = "0::/b\n", .root = "/"}));
  EXPECT_NE((Parent{.cgroups = "0::/a\n", .root = {}}), (Parent{.cgroups = "0::/b\n", .root = {}}));
  EXPECT_NE((Parent{.cgroups = "0::/a\n", .root = {}}),
            (Parent{.cgroups = "0::/a\n", .root = "/"}));
}

}  // namespace
}  // namespace warren::provider
