// SPDX-License-Identifier: Apache-2.0

#include "client/remote/target.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace warren::client {
namespace {

std::string read(std::string_view text) {
  const auto address = parse_address(text);
  return address ? to_text(*address) : address.error().message;
}

TEST(ParseAddress, TakesNamesAndAddressesWithTheirPort) {
  EXPECT_EQ(read("build-server:50051"), "build-server:50051");
  EXPECT_EQ(read("192.168.1.100:443"), "192.168.1.100:443");
  EXPECT_EQ(read("[::1]:50052"), "[::1]:50052");
  EXPECT_EQ(read("[fe80::2]:65535"), "[fe80::2]:65535");
}

TEST(ParseAddress, TakesTheUsualPortWhereNoneIsGiven) {
  EXPECT_EQ(read("build-server"), "build-server:50051");
  EXPECT_EQ(read("[::1]"), "[::1]:50051");
}

TEST(ParseAddress, GivesTheHostWithoutBrackets) {
  EXPECT_EQ(parse_address("[::1]:50052")->host, "::1");
}

TEST(ParseAddress, RefusesWhatIsNoAddress) {
  for (const char* const text :
       {"", ":50051", "host:", "host:0", "host:65536", "host:50051x", "host:-1", "::1", "[::1",
        "[]", "[host]:1", "[::1]50051", "unix:/run/engine.sock", "dns:///host:1", "a host:1",
        "host/path:1", "host:1:2"}) {
    EXPECT_THAT(parse_address(text),
                test::HoldsError(Errc::kInvalidArgument, ::testing::HasSubstr("is no address")))
        << text;
  }
}

TEST(Target, ComesBackFromItsBytes) {
  const Target target{.address = "host:1",
                      .certificate = "-----BEGIN\nCERT\n",
                      .key = "KEY\n",
                      .authority = "CA\n",
                      .insecure = true};
  const auto read_back = target_from_bytes(to_bytes(target));
  ASSERT_TRUE(read_back) << read_back.error().message;
  EXPECT_EQ(read_back->address, target.address);
  EXPECT_EQ(read_back->certificate, target.certificate);
  EXPECT_EQ(read_back->key, target.key);
  EXPECT_EQ(read_back->authority, target.authority);
  EXPECT_TRUE(read_back->insecure);
  EXPECT_FALSE(target_from_bytes(to_bytes({}))->insecure);
}

TEST(Target, IsNotReadFromAnythingElse) {
  const std::string bytes = to_bytes({.address = "host:1"});
  for (const std::string& other : {std::string(), std::string("host:1"), bytes + '\0',
                                   bytes + "more", bytes.substr(0, bytes.size() - 1)}) {
    EXPECT_THAT(target_from_bytes(other),
                test::HoldsError(Errc::kInvalidArgument, ::testing::HasSubstr("fields")));
  }
}

}  // namespace
}  // namespace warren::client
