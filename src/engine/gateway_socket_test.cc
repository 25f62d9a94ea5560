// SPDX-License-Identifier: Apache-2.0

#include "engine/gateway_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temp_directory.h"

namespace warren::engine {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

constexpr uid_t kGateway = 4711;

wire::Peer peer_of(uid_t uid) {
  return {.uid = uid, .gid = uid, .pid = 1};
}

wire::Peer peer_for(const std::string& name) {
  wire::Peer peer = peer_of(kGateway);
  peer.on_behalf_of.emplace();
  peer.on_behalf_of->set_name(name);
  peer.on_behalf_of->set_role(v1::OnBehalfOf::ROLE_USER);
  peer.on_behalf_of->set_face("joblet");
  return peer;
}

GatewayAccount gateway_account() {
  return {.name = "gate", .uid = kGateway, .gid = 0};
}

TEST(FindGateway, FindsNobodyWithoutAnAccount) {
  EXPECT_EQ(find_gateway("")->has_value(), false);
  EXPECT_EQ(find_gateway("no-such-account-here")->has_value(), false);
}

TEST(FindGateway, RefusesRootAndNobody) {
  EXPECT_THAT(find_gateway("root"), HoldsError(Errc::kInvalidArgument, HasSubstr("gateway.user")));
  EXPECT_THAT(find_gateway("nobody"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("gateway.user")));
}

TEST(FindGateway, KnowsTheUserAndItsGroup) {
  const ::passwd* const account = ::getpwnam("daemon");
  ASSERT_NE(account, nullptr);
  const uid_t uid = account->pw_uid;
  const gid_t gid = account->pw_gid;
  const auto found = find_gateway("daemon");
  ASSERT_TRUE(found.has_value() && found->has_value());
  EXPECT_EQ((*found)->uid, uid);
  EXPECT_EQ((*found)->gid, gid);
}

TEST(GatewaySocket, LiesInADirectoryOfItsOwnForItsGroup) {
  const test::TempDirectory directory;
  const std::filesystem::path runtime = directory.path() / "run";
  EXPECT_TRUE(listen_for_gateway(runtime, gateway_account()).has_value());
  struct stat status {};
  ASSERT_EQ(::stat((directory.path() / "run-gateway").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0750U);
  ASSERT_EQ(::stat((directory.path() / "run-gateway/engine.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0660U);
  EXPECT_FALSE(std::filesystem::exists(runtime));
}

TEST(GatewaySocket, FollowsItsAccountIntoAnotherGroup) {
  const test::TempDirectory directory;
  const std::filesystem::path runtime = directory.path() / "run";
  GatewayAccount account = gateway_account();
  ASSERT_TRUE(listen_for_gateway(runtime, account).has_value());
  account.gid = 4712;
  ASSERT_TRUE(listen_for_gateway(runtime, account).has_value());
  // Only root gives away what it made.
  const gid_t expected = ::geteuid() == 0 ? account.gid : ::getegid();
  for (const auto& path : {gateway_dir(runtime), gateway_socket(runtime)}) {
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_gid, expected) << path;
  }
}

TEST(GatewaySocket, RefusesADirectoryThatTheGatewayCouldWriteTo) {
  const test::TempDirectory directory;
  const std::filesystem::path theirs = directory.path() / "run-gateway";
  std::filesystem::create_directory(theirs);
  ASSERT_EQ(::chmod(theirs.c_str(), 0770), 0);
  EXPECT_THAT(listen_for_gateway(directory.path() / "run", gateway_account()),
              HoldsError(Errc::kPermissionDenied, HasSubstr("run-gateway")));
}

TEST(GatewayOptions, AdmitNobodyButTheGateway) {
  const Config config;
  const wire::ServerOptions options = options_for_gateway(gateway_account(), config);
  EXPECT_TRUE(options.admit(peer_of(kGateway)).has_value());
  EXPECT_THAT(options.admit(peer_of(0)), HoldsError(Errc::kPermissionDenied, HasSubstr("gateway")));
  EXPECT_FALSE(options.admit(peer_of(kGateway + 1)).has_value());
}

TEST(GatewayOptions, VouchForNobodyWithoutAName) {
  const Config config;
  const wire::ServerOptions options = options_for_gateway(gateway_account(), config);
  EXPECT_TRUE(options.vouch(peer_for("alice")).has_value());
  EXPECT_THAT(options.vouch(peer_of(kGateway)),
              HoldsError(Errc::kInvalidArgument, HasSubstr("on_behalf_of")));
  EXPECT_THAT(options.vouch(peer_for("al/ice")),
              HoldsError(Errc::kInvalidArgument, HasSubstr("name")));
}

TEST(EnginesOwnSocket, AdmitsAllButTheGatewayAndVouchesForNobody) {
  const wire::ServerOptions options = options_for_all_but(gateway_account());
  EXPECT_THAT(options.admit(peer_of(kGateway)),
              HoldsError(Errc::kPermissionDenied, HasSubstr("no role")));
  EXPECT_TRUE(options.admit(peer_of(0)).has_value());
  EXPECT_TRUE(options.admit(peer_of(kGateway + 1)).has_value());
  EXPECT_FALSE(options.vouch);
  EXPECT_FALSE(options_for_all_but(std::nullopt).admit);
}

}  // namespace
}  // namespace warren::engine
