// SPDX-License-Identifier: Apache-2.0

#include "engine/identities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

TEST(Identify, GivesRolesByUidAndGroup) {
  const Config config;
  EXPECT_EQ(identify(0, {.name = "root", .groups = {}}, config)->role, model::Role::kAdmin);
  EXPECT_EQ(identify(7, {.name = "ann", .groups = {"warren"}}, config)->role, model::Role::kAdmin);
  EXPECT_EQ(identify(7, {.name = "ann", .groups = {"warren-viewers"}}, config)->role,
            model::Role::kViewer);
}

TEST(Identify, RefusesUsersWithoutARoleUnlessTheConfigurationAdmitsThem) {
  Config config;
  const Account account{.name = "ann", .groups = {"users"}};
  EXPECT_THAT(identify(7, account, config), HoldsError(Errc::kPermissionDenied, HasSubstr("ann")));
  config.local_users = true;
  const auto caller = identify(7, account, config);
  ASSERT_TRUE(caller.has_value());
  EXPECT_EQ(*caller, (model::Caller{.uid = 7, .name = "ann", .role = model::Role::kUser}));
}

TEST(Identify, AnEmptyGroupNameAdmitsNobody) {
  Config config;
  config.admin_group = "";
  EXPECT_FALSE(identify(7, {.name = "ann", .groups = {""}}, config).has_value());
}

TEST(LookUpAccount, KnowsRootAndNamesAnUnknownUserByNumber) {
  EXPECT_EQ(look_up_account({.uid = 0, .gid = 0, .pid = 1}).name, "root");
  EXPECT_EQ(look_up_account({.uid = 64999, .gid = 0, .pid = 1}).name, "64999");
}

}  // namespace
}  // namespace warren::engine
