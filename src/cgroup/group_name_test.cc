// SPDX-License-Identifier: Apache-2.0

#include "cgroup/group_name.h"

#include <gmock/gmock.h>

#include <string>

namespace warren::cgroup {
namespace {

TEST(ValidateGroupName, AcceptsPlainComponents) {
  EXPECT_TRUE(validate_group_name("0190f2c4-7d3e-7abc-8000-000000000001"));
  EXPECT_TRUE(validate_group_name("parent_1/child-2"));
  EXPECT_TRUE(validate_group_name("a/b/c"));
}

TEST(ValidateGroupName, RefusesWhatIsNestedTooDeep) {
  std::string name = "a";
  for (std::size_t depth = 1; depth < kDeepest; ++depth) name += "/a";
  EXPECT_TRUE(validate_group_name(name));
  EXPECT_FALSE(validate_group_name(name + "/a"));
}

TEST(ValidateGroupName, RefusesWhatCouldLeaveTheTree) {
  for (const char* name : {"", "/", "/a", "a/", "..", "a/..", "../a", ".", "a/b/../c", "a//b",
                           "a/b/", "a b", "cgroup.procs", "a\nb"}) {
    const auto valid = validate_group_name(name);
    ASSERT_FALSE(valid) << name;
    EXPECT_EQ(valid.error().code, Errc::kInvalidArgument);
  }
}

TEST(ValidateGroupName, RefusesTheNamesOfTheTreesOwnLeaves) {
  EXPECT_FALSE(validate_group_name("init"));
  EXPECT_FALSE(validate_group_name("parent/main"));
  EXPECT_FALSE(validate_group_name("parent/main/child"));
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
  EXPECT_EQ(split_name("one/two/three").parent, "one/two");
  EXPECT_EQ(split_name("one/two/three").leaf, "three");
}

TEST(AncestorsOf, NamesTheOutermostFirst) {
  EXPECT_THAT(ancestors_of("one"), ::testing::IsEmpty());
  EXPECT_THAT(ancestors_of("one/two/three"), ::testing::ElementsAre("one", "one/two"));
}

}  // namespace
}  // namespace warren::cgroup
