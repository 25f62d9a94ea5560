// SPDX-License-Identifier: Apache-2.0

#include "model/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <string>
#include <utility>

#include "tests/support/result_matchers.h"

namespace warren::model {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;
using enum Scope;

constexpr std::array kMethods{
    Method::kRun,    Method::kPlan,   Method::kGet,    Method::kList,   Method::kLog,
    Method::kWait,   Method::kStop,   Method::kSignal, Method::kPause,  Method::kResume,
    Method::kDelete, Method::kEvents, Method::kStats,  Method::kDoctor, Method::kShutdown,
};
constexpr std::array kRoles{Role::kAdmin, Role::kViewer, Role::kUser};
constexpr std::array kFaces{Face::kLocal, Face::kWarren, Face::kJoblet, Face::kJobWorker};

// The whole table once more, cell by cell: for each method the faces local, warren, joblet and
// jobworker, and for each of them admin, viewer and user. `-` nothing, `o` own, `a` all, `+` own
// and what came through jobworker, `w` all but others' that came through jobworker.
struct Row {
  Method method;
  std::array<std::string_view, 4> cells;
};
constexpr std::array kTable{
    Row{Method::kRun, {"a-o", "a-o", "a-o", "a-o"}},
    Row{Method::kPlan, {"aao", "aao", "---", "---"}},
    Row{Method::kGet, {"aao", "aao", "aao", "aa+"}},
    Row{Method::kList, {"aao", "aao", "aao", "---"}},
    Row{Method::kLog, {"awo", "awo", "awo", "awo"}},
    Row{Method::kWait, {"aao", "aao", "aao", "aao"}},
    Row{Method::kStop, {"a-o", "a-o", "a-o", "a-o"}},
    Row{Method::kSignal, {"a-o", "a-o", "---", "---"}},
    Row{Method::kPause, {"a-o", "a-o", "---", "---"}},
    Row{Method::kResume, {"a-o", "a-o", "---", "---"}},
    Row{Method::kDelete, {"a-o", "a-o", "a-o", "---"}},
    Row{Method::kEvents, {"aao", "aao", "---", "---"}},
    Row{Method::kStats, {"aao", "aao", "aao", "---"}},
    Row{Method::kDoctor, {"aaa", "aaa", "aaa", "---"}},
    Row{Method::kShutdown, {"a--", "---", "---", "---"}},
};

char cell_of(Role role, Method method, Face face) {
  for (const Row& row : kTable) {
    if (row.method == method)
      return row.cells.at(std::to_underlying(face))[std::to_underlying(role)];
  }
  return '?';
}

// Whether a call with that cell may touch a node of its own or of another, by the node's face.
bool expected(char cell, bool is_own, Face node_face) {
  const bool is_jobworkers = node_face == Face::kJobWorker;
  return std::map<char, bool>{{'-', false},
                              {'o', is_own},
                              {'a', true},
                              {'+', is_own || is_jobworkers},
                              {'w', is_own || !is_jobworkers}}
      .at(cell);
}

Principal alice() {
  return Principal::of_certificate("alice");
}

Principal bob() {
  return Principal::of_certificate("bob");
}

TEST(Allowed, AgreesWithTheTableInEveryCell) {
  const std::map<char, Scope> scopes{
      {'-', kNone}, {'o', kOwn}, {'a', kAll}, {'+', kOwnAndJobWorkers}, {'w', kAllButJobWorkers}};
  for (const Method method : kMethods) {
    for (const Face face : kFaces) {
      for (const Role role : kRoles) {
        EXPECT_EQ(allowed(role, method, face), scopes.at(cell_of(role, method, face)))
            << to_text(role) << ' ' << to_text(method) << ' ' << to_text(face);
      }
    }
  }
}

TEST(Allowed, HasARowForEveryMethod) {
  ASSERT_EQ(kMethods.size(), std::to_underlying(Method::kShutdown) + 1U);
  ASSERT_EQ(kTable.size(), kMethods.size());
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    EXPECT_EQ(std::to_underlying(kMethods.at(i)), i);
    EXPECT_EQ(kTable.at(i).method, kMethods.at(i));
  }
}

TEST(Allowed, DeniesWhatTheTableDoesNotKnow) {
  EXPECT_EQ(allowed(Role::kAdmin, static_cast<Method>(255), Face::kLocal), kNone);
  EXPECT_EQ(allowed(static_cast<Role>(255), Method::kGet, Face::kLocal), kNone);
  EXPECT_EQ(allowed(Role::kAdmin, Method::kGet, static_cast<Face>(255)), kNone);
}

TEST(Authorize, AgreesWithTheTableForOwnAndForeignNodesOfEachFace) {
  for (const Method method : kMethods) {
    for (const Face face : kFaces) {
      for (const Role role : kRoles) {
        for (const Face node_face : kFaces) {
          const char cell = cell_of(role, method, face);
          const Caller caller{.principal = alice(), .role = role, .face = face};
          EXPECT_EQ(authorize(caller, method, alice(), node_face).has_value(),
                    expected(cell, true, node_face));
          EXPECT_EQ(authorize(caller, method, bob(), node_face).has_value(),
                    expected(cell, false, node_face));
        }
      }
    }
  }
}

TEST(ListedFace, IsTheirOwnOfOtherSystemsAndAllForWarren) {
  EXPECT_EQ(listed_face(Face::kLocal), std::nullopt);
  EXPECT_EQ(listed_face(Face::kWarren), std::nullopt);
  EXPECT_EQ(listed_face(Face::kJoblet), Face::kJoblet);
  EXPECT_EQ(listed_face(Face::kJobWorker), Face::kJobWorker);
}

TEST(Authorize, NamesTheRoleAndTheOperation) {
  const Caller viewer{.principal = alice(), .role = Role::kViewer};
  const Caller user{.principal = alice(), .role = Role::kUser};
  const Caller admin{.principal = alice(), .role = Role::kAdmin, .face = Face::kJoblet};
  EXPECT_THAT(authorize(viewer, Method::kStop, alice(), Face::kLocal),
              HoldsError(Errc::kPermissionDenied, "role viewer may not use Stop"));
  EXPECT_THAT(
      authorize(user, Method::kLog, bob(), Face::kLocal),
      HoldsError(Errc::kPermissionDenied, "role user may not use Log on what belongs to others"));
  EXPECT_THAT(authorize(admin, Method::kShutdown, alice(), Face::kJoblet),
              HoldsError(Errc::kPermissionDenied,
                         "role admin may not use Shutdown: the face joblet has no such call"));
}

TEST(Authorize, LeavesTheNameOfTheCallToOtherSystems) {
  const Caller viewer{.principal = alice(), .role = Role::kViewer, .face = Face::kJobWorker};
  const Caller user{.principal = alice(), .role = Role::kUser, .face = Face::kJobWorker};
  EXPECT_THAT(authorize(viewer, Method::kRun, alice(), Face::kJobWorker),
              HoldsError(Errc::kPermissionDenied, "role viewer may not do this"));
  EXPECT_THAT(
      authorize(user, Method::kStop, bob(), Face::kJobWorker),
      HoldsError(Errc::kPermissionDenied, "role user may not do this to what belongs to others"));
}

TEST(Principal, OfAnAccountIsItsUid) {
  const Principal account = Principal::of_account(1000, "alice");
  EXPECT_TRUE(account.is(Principal::of_account(1000, "renamed")));
  EXPECT_FALSE(account.is(Principal::of_account(1001, "alice")));
}

TEST(Principal, OfACertificateIsItsWholeName) {
  EXPECT_TRUE(alice().is(Principal::of_certificate("alice")));
  for (const char* name : {"Alice", "alic", "alice2", ""}) {
    EXPECT_FALSE(alice().is(Principal::of_certificate(name))) << name;
  }
}

TEST(Principal, OfACertificateIsNeverAnAccount) {
  const Principal root = Principal::of_certificate("root");
  for (const std::uint32_t uid : {0U, 1000U, root.uid}) {
    EXPECT_FALSE(root.is(Principal::of_account(uid, "root")));
    EXPECT_FALSE(Principal::of_account(uid, "root").is(root));
  }
  EXPECT_NE(root.uid, 0U);
}

TEST(Principal, HasATextThatTellsRealmsApart) {
  EXPECT_EQ(to_text(Principal::of_account(1000, "alice")), "alice");
  EXPECT_EQ(to_text(alice()), "cert:alice");
}

TEST(CertificateName, IsOfAFewCharacters) {
  for (const std::string& name :
       {std::string("a"), std::string(64, 'z'), std::string("Ann-B_9.c@example.org")}) {
    EXPECT_TRUE(validate_certificate_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string(65, 'z'), std::string("a b"), std::string("a:b"),
        std::string("a/b"), std::string("a\0", 2), std::string("a\n"), std::string("\xc3\xa4")}) {
    EXPECT_THAT(validate_certificate_name(name),
                HoldsError(Errc::kInvalidArgument, HasSubstr("1 to 64")))
        << name;
  }
}

TEST(Identity, ReadsTheTextsThatItWrites) {
  for (const Face face : kFaces) EXPECT_EQ(parse_face(to_text(face)), face);
  for (const Realm realm : {Realm::kLocal, Realm::kCertificate}) {
    EXPECT_EQ(parse_realm(to_text(realm)), realm);
  }
  EXPECT_THAT(parse_face("Joblet"), HoldsError(Errc::kInvalidArgument, HasSubstr("'Joblet'")));
  EXPECT_THAT(parse_realm(""), HoldsError(Errc::kInvalidArgument, HasSubstr("realm")));
}

}  // namespace
}  // namespace warren::model
