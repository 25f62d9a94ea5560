// SPDX-License-Identifier: Apache-2.0

#include "gateway/endpoint.h"

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace warren::gateway {
namespace {

using test::HoldsError;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ParseEndpoint, ReadsBackWhatIsShown) {
  for (const char* text : {"127.0.0.1:50051", "0.0.0.0:0", "[::1]:65535", "[2001:db8::7]:80"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_text(*endpoint), text);
  }
}

TEST(ParseEndpoint, RefusesEverythingElse) {
  for (const char* text :
       {"", ":", "50051", ":50051", "localhost:1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "::1:80", "[::1]", "[::1:80", "1:2:3", "127.1:80", "127.0.0.1: 80"}) {
    EXPECT_THAT(parse_endpoint(text), HoldsError(Errc::kInvalidArgument, HasSubstr("ADDRESS:PORT")))
        << text;
  }
}

TEST(ToText, ShowsAnIpv4ClientOfAnIpv6SocketAsSuch) {
  EXPECT_EQ(to_text(*parse_endpoint("[::ffff:10.0.0.7]:80")), "10.0.0.7:80");
}

TEST(ListenAt, TakesAnyPort) {
  const auto listening = listen_at(*parse_endpoint("127.0.0.1:0"));
  ASSERT_TRUE(listening);
  const auto endpoint = local_endpoint(listening->get());
  ASSERT_TRUE(endpoint);
  EXPECT_THAT(to_text(*endpoint), StartsWith("127.0.0.1:"));
  EXPECT_NE(to_text(*endpoint), "127.0.0.1:0");
  EXPECT_THAT(listen_at(*endpoint), HoldsError(Errc::kInternal, HasSubstr("in use")));
}

}  // namespace
}  // namespace warren::gateway
