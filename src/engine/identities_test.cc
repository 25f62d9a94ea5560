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
  EXPECT_EQ(*caller, (model::Caller{.principal = model::Principal::of_account(7, "ann")}));
}

TEST(Identify, AnEmptyGroupNameAdmitsNobody) {
  Config config;
  config.admin_group = "";
  EXPECT_FALSE(identify(7, {.name = "ann", .groups = {""}}, config).has_value());
}

v1::OnBehalfOf subject_of(const std::string& name, v1::OnBehalfOf::Role role,
                          const std::string& face) {
  v1::OnBehalfOf subject;
  subject.set_name(name);
  subject.set_role(role);
  subject.set_face(face);
  return subject;
}

TEST(IdentifySubject, MakesACertificateOfItAndNeverAnAccount) {
  const auto caller =
      identify(subject_of("root", v1::OnBehalfOf::ROLE_VIEWER, "jobworker"), Config{});
  ASSERT_TRUE(caller.has_value()) << caller.error().message;
  EXPECT_EQ(*caller, (model::Caller{.principal = model::Principal::of_certificate("root"),
                                    .role = model::Role::kViewer,
                                    .face = model::Face::kJobWorker}));
  EXPECT_FALSE(caller->principal.is(model::Principal::of_account(0, "root")));
}

TEST(IdentifySubject, RefusesWhatThereIsNot) {
  const Config config;
  const auto user = v1::OnBehalfOf::ROLE_USER;
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a\0b", 3),
                                  std::string("a:b"), std::string("\xc3\xa4")}) {
    EXPECT_THAT(identify(subject_of(name, user, "warren"), config),
                HoldsError(Errc::kInvalidArgument, HasSubstr("name")))
        << name;
  }
  for (const int role : {0, 4, -1}) {
    EXPECT_THAT(
        identify(subject_of("a", static_cast<v1::OnBehalfOf::Role>(role), "warren"), config),
        HoldsError(Errc::kInvalidArgument, HasSubstr("role")))
        << role;
  }
  for (const char* face : {"", "Joblet", "http"}) {
    EXPECT_THAT(identify(subject_of("a", user, face), config),
                HoldsError(Errc::kInvalidArgument, HasSubstr("face")))
        << face;
  }
}

TEST(IdentifySubject, RefusesFacesThatAreSwitchedOffAndTheEnginesOwn) {
  Config config;
  config.warren_face.enabled = config.joblet_face.enabled = config.jobworker_face.enabled = false;
  for (const char* face : {"warren", "joblet", "jobworker", "local"}) {
    EXPECT_THAT(identify(subject_of("a", v1::OnBehalfOf::ROLE_ADMIN, face), config),
                HoldsError(Errc::kPermissionDenied, HasSubstr(face)));
  }
  config.joblet_face.enabled = true;
  EXPECT_TRUE(identify(subject_of("a", v1::OnBehalfOf::ROLE_ADMIN, "joblet"), config));
  EXPECT_FALSE(identify(subject_of("a", v1::OnBehalfOf::ROLE_ADMIN, "warren"), config));
  EXPECT_FALSE(identify(subject_of("a", v1::OnBehalfOf::ROLE_ADMIN, "local"), Config{}));
}

TEST(LookUpAccount, KnowsRootAndNamesAnUnknownUserByNumber) {
  EXPECT_EQ(look_up_account({.uid = 0, .gid = 0, .pid = 1}).name, "root");
  EXPECT_EQ(look_up_account({.uid = 64999, .gid = 0, .pid = 1}).name, "64999");
}

}  // namespace
}  // namespace warren::engine
