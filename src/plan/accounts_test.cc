// SPDX-License-Identifier: Apache-2.0

#include "plan/accounts.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::plan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
    "alice:x:1000:100:Alice,,,:/home/alice:/bin/sh";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "users:x:100:\n"
    "audio:x:29:bob,alice\n"
    "video:x:44:alice\n"
    "alicette:x:45:malice,alicia\n";

TEST(FindAccount, FindsAUserByName) {
  const Account alice = find_account({"alice", ""}, kPasswd, kGroup).value();
  EXPECT_EQ(alice.uid, 1000U);
  EXPECT_EQ(alice.gid, 100U);
  EXPECT_EQ(alice.home, "/home/alice");
  EXPECT_THAT(alice.groups, ElementsAre(29U, 44U));
}

TEST(FindAccount, FindsAUserByNumber) {
  const Account alice = find_account({"1000", ""}, kPasswd, kGroup).value();
  EXPECT_EQ(alice.gid, 100U);
  EXPECT_THAT(alice.groups, ElementsAre(29U, 44U));
}

TEST(FindAccount, NumbersNeedNoEntry) {
  const Account account = find_account({"4711", ""}, kPasswd, kGroup).value();
  EXPECT_EQ(account.uid, 4711U);
  EXPECT_EQ(account.gid, 0U);
  EXPECT_EQ(account.home, "/");
  EXPECT_THAT(account.groups, IsEmpty());
}

TEST(FindAccount, AGroupThatIsNamedReplacesAllOthers) {
  for (const char* group : {"users", "100"}) {
    const Account account = find_account({"daemon", group}, kPasswd, kGroup).value();
    EXPECT_EQ(account.gid, 100U);
    EXPECT_THAT(account.groups, IsEmpty());
  }
}

TEST(FindAccount, SaysWhatTheImageDoesNotHave) {
  EXPECT_THAT(find_account({"carol", ""}, kPasswd, kGroup),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("no user 'carol'")));
  EXPECT_THAT(find_account({"alice", "staff"}, kPasswd, kGroup),
              test::HoldsError(Errc::kInvalidArgument, HasSubstr("no group 'staff'")));
}

TEST(FindAccount, NeedsNoFiles) {
  EXPECT_EQ(find_account({"7", "8"}, "", "").value().gid, 8U);
}

// What an image writes into its own files may at most make a name unknown.
class HostilePasswd : public ::testing::TestWithParam<std::string> {};

TEST_P(HostilePasswd, MakesTheNameUnknown) {
  EXPECT_FALSE(find_account({"eve", ""}, GetParam(), ""));
}

INSTANTIATE_TEST_SUITE_P(FindAccount, HostilePasswd,
                         ::testing::Values("eve", "eve:x:5", "eve:x:5:5:too short", "eve:x::5::/:",
                                           "eve:x:-1:5::/:", "eve:x:+5:5::/:", "eve:x: 5:5::/:",
                                           "eve:x:0x5:5::/:", "eve:x:5 :5::/:", "eve:x:65536:5::/:",
                                           "eve:x:4294967296:5::/:", "eve:x:5:65536::/:",
                                           "eve:x:99999999999999999999:5::/:", " eve:x:5:5::/:",
                                           "+eve:x:5:5::/:", "eve :x:5:5::/:", "#eve:x:5:5::/:",
                                           std::string("eve:x:5:5::/home\0/eve:", 22)));

TEST(FindAccount, TakesTheFirstOfTwoEntries) {
  const std::string_view twice = "eve:x:5:5::/:\neve:x:0:0::/root:\n";
  EXPECT_EQ(find_account({"eve", ""}, twice, "").value().uid, 5U);
}

TEST(FindAccount, LeavesOutGroupsThatItCannotRead) {
  const std::string_view group = "a:x:70000:alice\nb:x:alice\n:::\n\nc:x:7:alice\n";
  EXPECT_THAT(find_account({"alice", ""}, kPasswd, group).value().groups, ElementsAre(7U));
}

}  // namespace
}  // namespace warren::plan
