// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/server_name.h"

#include <grpc/grpc_security.h>
#include <gtest/gtest.h>

#include <string>

namespace warren::relay {
namespace {

struct Names {
  std::string dns{};
  std::string address{};
};

// Whether a certificate with these names is that of `host`.
bool is_accepted(const std::string& host, Names names) {
  char* dns = names.dns.data();
  char* address = names.address.data();
  grpc_tls_custom_verification_check_request request{};
  auto& alternatives = request.peer_info.san_names;
  alternatives.dns_names = &dns;
  alternatives.dns_names_size = names.dns.empty() ? 0 : 1;
  alternatives.ip_names = &address;
  alternatives.ip_names_size = names.address.empty() ? 0 : 1;
  grpc::experimental::TlsCustomVerificationCheckRequest asked(&request);
  grpc::Status status;
  EXPECT_TRUE(require_name_of(host)->Verify(&asked, nullptr, &status)) << "it needs no waiting";
  return status.ok();
}

TEST(RequireNameOf, AcceptsTheHostAndTheUsualNames) {
  for (const char* const name : {"build-server", "joblet", "localhost"}) {
    EXPECT_TRUE(is_accepted("build-server", {.dns = name})) << name;
  }
  EXPECT_TRUE(is_accepted("10.0.0.7", {.address = "10.0.0.7"}));
}

TEST(RequireNameOf, AcceptsThemInAnyCase) {
  EXPECT_TRUE(is_accepted("Build-Server", {.dns = "build-server"}));
  EXPECT_TRUE(is_accepted("build-server", {.dns = "BUILD-SERVER"}));
  EXPECT_TRUE(is_accepted("FD00::A", {.address = "fd00::a"}));
}

TEST(RequireNameOf, RefusesEveryOther) {
  for (const char* const name :
       {"other", "build-server.evil", "a.build-server", "build", "*", ""}) {
    EXPECT_FALSE(is_accepted("build-server", {.dns = name})) << name;
  }
  EXPECT_FALSE(is_accepted("10.0.0.7", {.address = "10.0.0.70"}));
}

}  // namespace
}  // namespace warren::relay
