// SPDX-License-Identifier: Apache-2.0

#include "client/remote/relay/connection_error.h"

#include <gtest/gtest.h>

namespace warren::relay {
namespace {

// The words are those of gRPC 1.51; tests/e2e/relay_test.py has a server for each.
constexpr std::string_view kPrefix =
    "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: ";

Error error_of(std::string_view words) {
  return connection_error("host:1", std::string(kPrefix).append(words));
}

TEST(ConnectionError, SaysWhatIsWrongInAFewWords) {
  EXPECT_EQ(error_of("Failed to connect to remote host: Connection refused"),
            (Error{Errc::kUnavailable, "host:1: connection refused"}));
}

TEST(ConnectionError, ThinksOfOurCertificateWhenTheServerHangsUp) {
  for (const std::string_view words :
       {"Socket closed", "Endpoint read failed", "Connection reset by peer"}) {
    EXPECT_EQ(error_of(words), (Error{Errc::kUnavailable,
                                      "host:1: the server hung up: it may not accept our "
                                      "certificate"}));
  }
}

TEST(ConnectionError, TellsAServerThatIsNotTheOneFromOneThatIsAway) {
  EXPECT_EQ(error_of("Tls handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::"
                     "certificate verify failed")
                .code,
            Errc::kPermissionDenied);
  EXPECT_EQ(error_of("Tls handshake failed: SSL_ERROR_SSL: error:0A000102:SSL routines::"
                     "unsupported protocol")
                .code,
            Errc::kUnavailable);
}

TEST(ConnectionError, KeepsTheReasonThatItDoesNotKnow) {
  EXPECT_EQ(error_of("Failed to connect to remote host: No route to host"),
            (Error{Errc::kUnavailable, "host:1: No route to host"}));
  EXPECT_EQ(connection_error("host:1", "odd").message, "host:1: odd");
}

}  // namespace
}  // namespace warren::relay
