// SPDX-License-Identifier: Apache-2.0

#include "gateway/identity.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

using model::Role;
using test::HoldsError;
using ::testing::HasSubstr;

TEST(Identify, TakesTheRoleFromTheUnitInAnyCase) {
  EXPECT_EQ(identify("boss", "admin"), (Identity{"boss", Role::kAdmin}));
  EXPECT_EQ(identify("boss", "ADMIN"), (Identity{"boss", Role::kAdmin}));
  EXPECT_EQ(identify("eve", "Viewer"), (Identity{"eve", Role::kViewer}));
  EXPECT_EQ(identify("alice", std::nullopt), (Identity{"alice", Role::kUser}));
}

TEST(Identify, RefusesUnitsThatAreNoRole) {
  using namespace std::string_literals;
  for (const auto& unit : {""s, "user"s, "admins"s, "admin "s, "admin\0"s, "adm\xc4\xb1n"s}) {
    EXPECT_THAT(identify("alice", unit),
                HoldsError(Errc::kPermissionDenied, HasSubstr("is no role")))
        << unit;
  }
}

TEST(Identify, RefusesOddNames) {
  using namespace std::string_literals;
  for (const auto& name : {""s, "a b"s, "root\0x"s, "a/b"s, "cert:alice"s, std::string(65, 'a')}) {
    EXPECT_THAT(identify(name, "admin"),
                HoldsError(Errc::kPermissionDenied, HasSubstr("common name")))
        << name;
  }
}

}  // namespace
}  // namespace warren::gateway
