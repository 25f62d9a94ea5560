// SPDX-License-Identifier: Apache-2.0

#include "base/entry_path.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

TEST(EntryPath, IsRelativeAndPlain) {
  EXPECT_EQ(entry_path("a"), "a");
  EXPECT_EQ(entry_path("./a/b"), "a/b");
  EXPECT_EQ(entry_path("a//b/./c/"), "a/b/c");
  EXPECT_EQ(entry_path("./"), "");
  EXPECT_EQ(entry_path("..."), "...");
  EXPECT_EQ(entry_path(".a/..b/c.."), ".a/..b/c..");
}

TEST(EntryPath, DoesNotLeaveTheDirectory) {
  EXPECT_THAT(entry_path("/etc/passwd"), HoldsError(Errc::kInvalidArgument, HasSubstr("absolute")));
  for (const char* name : {"..", "../a", "a/../b", "a/..", "./../a", "a//..//b"}) {
    EXPECT_THAT(entry_path(name), HoldsError(Errc::kInvalidArgument, HasSubstr("'..'"))) << name;
  }
}

TEST(EntryPath, IsANameThatAFileCanHave) {
  EXPECT_THAT(entry_path(""), HoldsError(Errc::kInvalidArgument, HasSubstr("no name")));
  EXPECT_THAT(entry_path(std::string_view("a\0b", 3)),
              HoldsError(Errc::kInvalidArgument, HasSubstr("NUL")));
  EXPECT_TRUE(entry_path(std::string(255, 'a')));
  EXPECT_THAT(entry_path(std::string(256, 'a')),
              HoldsError(Errc::kInvalidArgument, HasSubstr("too long")));
  std::string deep = "a";
  for (int i = 0; i < 3000; ++i) deep += "/a";
  EXPECT_THAT(entry_path(deep), HoldsError(Errc::kInvalidArgument, HasSubstr("too long")));
}

}  // namespace
}  // namespace warren
