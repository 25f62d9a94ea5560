// SPDX-License-Identifier: Apache-2.0

#include "model/identity.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <utility>

namespace warren::model {
namespace {

constexpr std::uint32_t kAlice = 1000;
constexpr std::uint32_t kBob = 1001;

Caller admin_caller() {
  return {0, "root", Role::kAdmin};
}

Caller viewer_caller() {
  return {kAlice, "alice", Role::kViewer};
}

Caller user_caller() {
  return {kAlice, "alice", Role::kUser};
}

constexpr std::array kReads{Method::kPlan, Method::kGet,    Method::kList, Method::kLog,
                            Method::kWait, Method::kEvents, Method::kStats};
constexpr std::array kChanges{Method::kRun,   Method::kStop,   Method::kSignal,
                              Method::kPause, Method::kResume, Method::kDelete};

TEST(Allowed, LetsAnAdminDoEverything) {
  for (int i = 0; i <= std::to_underlying(Method::kShutdown); ++i) {
    EXPECT_EQ(allowed(Role::kAdmin, static_cast<Method>(i)), Scope::kAll);
  }
}

TEST(Allowed, LetsAViewerReadEverythingAndChangeNothing) {
  for (const Method method : kReads) EXPECT_EQ(allowed(Role::kViewer, method), Scope::kAll);
  for (const Method method : kChanges) EXPECT_EQ(allowed(Role::kViewer, method), Scope::kNone);
}

TEST(Allowed, LetsAUserReadAndChangeTheirOwn) {
  for (const Method method : kReads) EXPECT_EQ(allowed(Role::kUser, method), Scope::kOwn);
  for (const Method method : kChanges) EXPECT_EQ(allowed(Role::kUser, method), Scope::kOwn);
}

TEST(Allowed, LetsEveryoneSeeWhatTheHostCanEnforce) {
  for (const Role role : {Role::kAdmin, Role::kViewer, Role::kUser}) {
    EXPECT_EQ(allowed(role, Method::kDoctor), Scope::kAll);
  }
}

TEST(Allowed, LeavesShutdownToAdmins) {
  EXPECT_EQ(allowed(Role::kViewer, Method::kShutdown), Scope::kNone);
  EXPECT_EQ(allowed(Role::kUser, Method::kShutdown), Scope::kNone);
}

TEST(Allowed, CoversEveryMethodInTheseTests) {
  std::set<Method> methods{Method::kDoctor, Method::kShutdown};
  methods.insert(kReads.begin(), kReads.end());
  methods.insert(kChanges.begin(), kChanges.end());
  EXPECT_EQ(methods.size(), std::to_underlying(Method::kShutdown) + 1U);
}

TEST(Allowed, DeniesWhatTheTableDoesNotKnow) {
  EXPECT_EQ(allowed(Role::kAdmin, static_cast<Method>(255)), Scope::kNone);
  EXPECT_EQ(allowed(static_cast<Role>(255), Method::kGet), Scope::kNone);
}

TEST(Authorize, AgreesWithTheTableForOwnAndForeignNodes) {
  for (const Caller& caller : {admin_caller(), viewer_caller(), user_caller()}) {
    for (int i = 0; i <= std::to_underlying(Method::kShutdown); ++i) {
      const auto method = static_cast<Method>(i);
      const Scope scope = allowed(caller.role, method);
      EXPECT_EQ(authorize(caller, method, caller.uid).has_value(), scope != Scope::kNone);
      EXPECT_EQ(authorize(caller, method, kBob).has_value(), scope == Scope::kAll);
    }
  }
}

TEST(Authorize, ComparesOwnersByUidAndNotByName) {
  const Caller impostor{kBob, "alice", Role::kUser};
  EXPECT_FALSE(authorize(impostor, Method::kGet, kAlice));
  EXPECT_FALSE(authorize(user_caller(), Method::kGet, 0));
}

TEST(Authorize, NamesTheRoleAndTheOperation) {
  EXPECT_EQ(authorize(viewer_caller(), Method::kStop, kAlice).error(),
            (Error{Errc::kPermissionDenied, "role viewer may not use Stop"}));
  EXPECT_EQ(
      authorize(user_caller(), Method::kLog, kBob).error(),
      (Error{Errc::kPermissionDenied, "role user may not use Log on what belongs to others"}));
}

}  // namespace
}  // namespace warren::model
