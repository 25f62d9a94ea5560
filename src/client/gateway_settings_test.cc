// SPDX-License-Identifier: Apache-2.0

#include "client/gateway_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

using ::testing::HasSubstr;
using ::warren::test::HoldsError;

TEST(GatewaySettings, AreTheUsualOnesWhereTheFileSaysNothing) {
  for (const char* text : {"", "max_queued: 7\n", "gateway:\n", "gateway: {}\n", "- a\n"}) {
    const auto settings = parse_gateway_settings(text);
    ASSERT_TRUE(settings.has_value()) << text;
    EXPECT_EQ(*settings, GatewaySettings()) << text;
  }
  EXPECT_EQ(GatewaySettings().listen, "");
}

TEST(GatewaySettings, AreThoseOfTheSection) {
  const auto settings = parse_gateway_settings(
      "listen: elsewhere\ngateway: {user: games, listen: '127.0.0.1:50051', certs: /c}\n");
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(*settings,
            (GatewaySettings{.user = "games", .listen = "127.0.0.1:50051", .certs = "/c"}));
}

TEST(GatewaySettings, NameTheLineOfWhatIsNoYaml) {
  EXPECT_THAT(parse_gateway_settings("a: 1\n}\n"),
              HoldsError(Errc::kInvalidArgument, HasSubstr("line 2")));
}

TEST(GatewaySettings, NameAFileThatIsNotThere) {
  EXPECT_THAT(read_gateway_settings("/nowhere/warren.yaml"),
              HoldsError(Errc::kNotFound, HasSubstr("/nowhere/warren.yaml")));
}

}  // namespace
}  // namespace warren::client
