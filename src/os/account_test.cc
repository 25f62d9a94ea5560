// SPDX-License-Identifier: Apache-2.0

#include "os/account.h"

#include <gmock/gmock.h>
#include <pwd.h>

#include <string>

#include "tests/support/result_matchers.h"

namespace warren::os {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

TEST(FindUnprivilegedAccount, KnowsWhatTheMachineKnows) {
  const auto account = find_unprivileged_account("games");
  ASSERT_TRUE(account);
  EXPECT_NE(account->uid, 0U);
}

TEST(FindUnprivilegedAccount, RefusesWhatMoreRunsAsThanOneProgram) {
  EXPECT_THAT(find_unprivileged_account("root"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("'root' is root")));
  EXPECT_THAT(find_unprivileged_account("nobody"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("'nobody' is nobody")));
}

TEST(FindUnprivilegedAccount, KnowsTheGatewayEverywhere) {
  const std::string name(kGatewayAccount);
  const auto account = find_unprivileged_account(name);
  ASSERT_TRUE(account);
  const ::passwd* const record = ::getpwnam(name.c_str());
  EXPECT_EQ(account->uid, record == nullptr ? kGatewayNumber : record->pw_uid);
  EXPECT_EQ(account->gid, record == nullptr ? kGatewayNumber : record->pw_gid);
}

TEST(FindUnprivilegedAccount, FindsNoOther) {
  EXPECT_THAT(find_unprivileged_account("no-such-account"),
              HoldsError(Errc::kNotFound, HasSubstr("no account")));
}

}  // namespace
}  // namespace warren::os
