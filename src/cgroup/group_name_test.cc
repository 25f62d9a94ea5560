// SPDX-License-Identifier: Apache-2.0

#include "cgroup/group_name.h"

#include <gtest/gtest.h>

#include <string>

namespace warren::cgroup {
namespace {

TEST(ValidateGroupName, AcceptsOneOrTwoPlainComponents) {
  EXPECT_TRUE(validate_group_name("0190f2c4-7d3e-7abc-8000-000000000001"));
  EXPECT_TRUE(validate_group_name("parent_1/child-2"));
}

TEST(ValidateGroupName, RefusesWhatCouldLeaveTheTree) {
  for (const char* name : {"", "/", "/a", "a/", "..", "a/..", "../a", ".", "a/b/c", "a//b", "a b",
                           "cgroup.procs", "a\nb"}) {
    const auto valid = validate_group_name(name);
    ASSERT_FALSE(valid) << name;
    EXPECT_EQ(valid.error().code, Errc::kInvalidArgument);
  }
}

TEST(ValidateGroupName, RefusesTheNamesOfTheTreesOwnLeaves) {
  EXPECT_FALSE(validate_group_name("init"));
  EXPECT_FALSE(validate_group_name("parent/main"));
}

TEST(ValidateGroupName, RefusesComponentsLongerThanADirectoryNameMayBe) {
  EXPECT_TRUE(validate_group_name(std::string(128, 'a')));
  EXPECT_FALSE(validate_group_name(std::string(129, 'a')));
}

TEST(SplitName, TellsTheParentFromTheLeaf) {
  EXPECT_EQ(split_name("one").parent, "");
  EXPECT_EQ(split_name("one").leaf, "one");
  EXPECT_EQ(split_name("one/two").parent, "one");
  EXPECT_EQ(split_name("one/two").leaf, "two");
}

}  // namespace
}  // namespace warren::cgroup
