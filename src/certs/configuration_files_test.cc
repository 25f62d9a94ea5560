// SPDX-License-Identifier: Apache-2.0

#include "certs/configuration_files.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::certs {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;

Identity first() {
  return {"C1\n", "K1\n"};
}
Identity second() {
  return {"C2\n", "K2\n"};
}
std::string authority() {
  return "A\n";
}
Address address() {
  return {{NameKind::kAddress, "192.168.1.100"}, 50051};
}

constexpr std::string_view kDaemonFile = R"(version: "3.0"
server:
  address: "192.168.1.100"
  port: 50051
  mode: "server"

security:
  serverCert: |
    C1
  serverKey: |
    K1
  caCert: |
    A
)";

constexpr std::string_view kClientFile = R"(version: "3.0"
nodes:
  default:
    address: "192.168.1.100:50051"
    cert: |
      C1
    key: |
      K1
    ca: |
      A
---
# The same certificate, where `openssl x509 -in` finds it.
C1
)";

TEST(DaemonFile, HasJobletsKeys) {
  EXPECT_EQ(daemon_file({first(), authority()}, address()), kDaemonFile);
}

TEST(DaemonFile, KeepsWhatAPersonHasChanged) {
  const std::string changed =
      "# By hand.\njoblet:\n  maxConcurrentJobs: 7\n" + std::string(kDaemonFile) + "cgroup: {}\n";
  const auto renewed = renew_daemon_file(changed, {second(), authority()});
  ASSERT_TRUE(renewed);
  EXPECT_THAT(*renewed, ::testing::StartsWith("# By hand.\njoblet:\n  maxConcurrentJobs: 7\n"));
  EXPECT_THAT(*renewed, ::testing::EndsWith("    C2\n  serverKey: |\n    K2\n  caCert: |\n    A\n"
                                            "cgroup: {}\n"));
}

TEST(DaemonFile, GetsASectionWhereThereIsNone) {
  const auto renewed = renew_daemon_file("server: {port: 1}", {first(), authority()});
  ASSERT_TRUE(renewed);
  EXPECT_THAT(*renewed, ::testing::StartsWith("server: {port: 1}\n\nsecurity:\n  serverCert: |\n"));
}

TEST(DaemonFile, IsKeptWhenItsSectionIsOdd) {
  EXPECT_THAT(renew_daemon_file("security: {}\n", {first(), authority()}),
              HoldsError(Errc::kFailedPrecondition, HasSubstr("'serverCert'")));
}

TEST(ClientFile, HasOneMachine) {
  EXPECT_EQ(client_file({first(), authority()}, address()), kClientFile);
}

TEST(ClientFile, IsRenewedInBothPlaces) {
  std::string expected(kClientFile);
  for (std::size_t at = 0; (at = expected.find('1', at)) != std::string::npos; ++at) {
    if (at > 0 && (expected[at - 1] == 'C' || expected[at - 1] == 'K')) expected[at] = '2';
  }
  EXPECT_EQ(renew_client_file(kClientFile, {second(), authority()}), expected);
}

TEST(ClientFile, WithSeveralMachinesIsKept) {
  const std::string two = std::string(kClientFile.substr(0, kClientFile.find("---"))) +
                          "  production:\n    cert: |\n      C9\n";
  EXPECT_THAT(renew_client_file(two, {second(), authority()}),
              HoldsError(Errc::kFailedPrecondition, "'cert' is there more than once"));
}

}  // namespace
}  // namespace warren::certs
